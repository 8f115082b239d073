# Perl's Net::Stomp at the embedded broker: HOST PORT. It speaks STOMP 1.0.
use strict;
use warnings;
use Net::Stomp;

my ($host, $port) = @ARGV;
my $stomp = Net::Stomp->new({ hostname => $host, port => $port, reconnect_on_fork => 0 });
my $connected = $stomp->connect({
    login => 'guest', passcode => 'guest',
});
die 'not connected' unless $connected->command eq 'CONNECTED';

sub received {
    my $frame = $stomp->receive_frame({ timeout => 5 }) or die "nothing came";
    die $frame->as_string unless $frame->command eq 'MESSAGE';
    return $frame;
}

sub expect {
    my ($what, $got, $wanted) = @_;
    die "$what: got $got, not $wanted" unless $got eq $wanted;
}

for my $mode (qw(auto client client-individual)) {
    my $queue = "/queue/perl-$mode";
    $stomp->send({ destination => $queue, body => $_ }) for 1 .. 3;
    $stomp->subscribe({ destination => $queue, id => $mode, ack => $mode });
    my @frames = map { received() } 1 .. 3;
    expect($mode, join(',', map { $_->body } @frames), '1,2,3');
    if ($mode eq 'client') { $stomp->ack({ frame => $frames[2] }) }
    elsif ($mode eq 'client-individual') { $stomp->ack({ frame => $_ }) for @frames }
    $stomp->unsubscribe({ id => $mode, destination => $queue });
    print "ok ack mode $mode\n";
}

$stomp->send_with_receipt({ destination => '/queue/perl', body => 'confirmed' })
    or die 'no receipt';
print "ok receipt\n";

$stomp->subscribe({ destination => '/queue/perl', id => 's', ack => 'client' });
my $frame = received();
expect('confirmed', $frame->body, 'confirmed');
$stomp->ack({ frame => $frame });

$stomp->send_transactional({ destination => '/queue/perl', body => 'in a transaction' })
    or die 'not committed';
$frame = received();
expect('transaction', $frame->body, 'in a transaction');
$stomp->ack({ frame => $frame });
print "ok transaction\n";

my $octets = join '', map { chr } 0 .. 255;
$stomp->send({ destination => '/queue/perl', body => $octets, 'content-length' => 256, bytes_message => 1 });
$frame = received();
expect('octets', $frame->body, $octets);
$stomp->ack({ frame => $frame });
print "ok octets\n";

$stomp->disconnect;
print "ok done\n";
