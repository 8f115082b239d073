# Ruby's stomp gem at the embedded broker: HOST PORT.
require 'stomp'
require 'timeout'

host, port = ARGV
%w[1.0 1.1 1.2].each do |version|
  headers = { 'accept-version' => version, 'host' => '/' }
  headers['heart-beat'] = '500,500' unless version == '1.0'
  connection = Stomp::Connection.new(
    hosts: [{ login: 'guest', passcode: 'guest', host: host, port: port.to_i }],
    reliable: false, connect_headers: headers
  )
  connected = connection.connection_frame
  raise connected.inspect unless connected.command == 'CONNECTED'

  receive = lambda do
    Timeout.timeout(5) { connection.receive }
  end

  modes = %w[auto client] + (version == '1.0' ? [] : %w[client-individual])
  modes.each do |mode|
    destination = "/queue/ruby-#{version}-#{mode}"
    %w[1 2 3].each { |text| connection.publish(destination, text) }
    connection.subscribe(destination, { id: mode, ack: mode }, mode)
    messages = Array.new(3) { receive.call }
    raise messages.inspect unless messages.map(&:body) == %w[1 2 3]
    settled = case mode
              when 'client' then version == '1.0' ? messages : messages.last(1)
              when 'client-individual' then messages
              else []
              end
    settled.each do |message|
      id = version == '1.2' ? message.headers['ack'] : message.headers['message-id']
      connection.ack(id, version == '1.1' ? { subscription: mode } : {})
    end
    connection.unsubscribe(destination, { id: mode }, mode)
    puts "ok #{version} ack mode #{mode}"
  end

  destination = "/queue/ruby-#{version}"
  connection.publish(destination, 'confirmed', { receipt: 'r-1' })
  receipt = receive.call
  raise receipt.inspect unless receipt.command == 'RECEIPT' && receipt.headers['receipt-id'] == 'r-1'
  puts "ok #{version} receipt"

  connection.begin('t-1')
  connection.publish(destination, 'committed', { transaction: 't-1' })
  connection.commit('t-1')
  connection.begin('t-2')
  connection.publish(destination, 'aborted', { transaction: 't-2' })
  connection.abort('t-2')
  octets = (0..255).to_a.pack('C*')
  connection.publish(destination, octets)
  connection.subscribe(destination, { id: 's', ack: 'auto' }, 's')
  bodies = Array.new(3) { receive.call.body.b }
  raise bodies.inspect unless bodies == ['confirmed'.b, 'committed'.b, octets]
  puts "ok #{version} transactions and octets"

  unless version == '1.0'
    sleep 2
    connection.publish(destination, 'alive', { receipt: 'r-2' })
    answers = Array.new(2) { receive.call.command }.sort
    raise answers.inspect unless answers == %w[MESSAGE RECEIPT]
    puts "ok #{version} heart-beats"
  end
  connection.disconnect({ receipt: 'bye' })
end
puts 'ok done'
