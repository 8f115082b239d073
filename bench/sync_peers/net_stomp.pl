# Net::Stomp as a player: see sync_player.ts. Arguments: HOST PORT.

use strict;
use warnings;
use JSON::PP;
use Net::Stomp;
use Time::HiRes 'time';

my ($host, $port) = @ARGV;
my $body = substr('{"count":12345,"name":"stomp"}, ' x 8, 0, 256);
my $nowhere = '/topic/sync-bench';
my $runs = 0;
$| = 1;

sub connected {
    my $client = Net::Stomp->new({ hostname => $host, port => $port });
    $client->connect({ login => 'guest', passcode => 'guest' });
    return $client;
}

sub confirmed {
    my ($client, $destination) = @_;
    $client->send_with_receipt({ destination => $destination, body => $body })
        or die 'no receipt';
}

my %cases = (
    'send' => sub {
        my ($client, $count) = @_;
        my $start = time;
        $client->send({ destination => $nowhere, body => $body }) for 1 .. $count;
        confirmed($client, $nowhere);
        return time - $start;
    },
    'receipt round trip' => sub {
        my ($client, $count) = @_;
        my $start = time;
        confirmed($client, $nowhere) for 1 .. $count;
        return time - $start;
    },
    'receive and ack' => sub {
        my ($client, $count) = @_;
        my $source = "/queue/sync-bench-perl-$$-" . ++$runs;
        $client->send({ destination => $source, body => $body }) for 1 .. $count;
        confirmed($client, $nowhere);
        my $start = time;
        $client->subscribe({
            id => 'bench',
            destination => $source,
            ack => 'client',
            count => $count,
            'prefetch-count' => 1000,
            'activemq.prefetchSize' => 1000,
        });
        $client->ack({ frame => $client->receive_frame }) for 1 .. $count;
        confirmed($client, $nowhere);
        return time - $start;
    },
);

while (my $line = <STDIN>) {
    my $order = decode_json($line);
    # What the sink sends comes in blocks of 128.
    my $count = 128 * int(($order->{count} + 127) / 128);
    my $client = connected();
    my $seconds = $cases{ $order->{caseName} }->($client, $count);
    $client->disconnect;
    print encode_json({ count => $count, milliseconds => 1000 * $seconds }), "\n";
}
