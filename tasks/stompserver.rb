# What Debian's launcher of stompserver does; that one itself fails with Ruby 3, which has no class variables at the top.

require 'etc'
require 'yaml'
require 'daemons/daemonize'
require 'optparse'
require 'stomp_server'

# Ruby 3.2 took this name away.
def File.exists?(path) = File.exist?(path)

$STOMP_SERVER = true

EventMachine.run do
  options = StompServer::Configurator.new.opts
  server = StompServer::Run.new(options)
  server.start
  protocol = StompServer::Protocols::Stomp
  {
    auth_required: server.auth_required,
    queue_manager: server.queue_manager,
    topic_manager: server.topic_manager,
    stompauth: server.stompauth
  }.each { |name, value| protocol.class_variable_set("@@#{name}", value) }
  EventMachine.start_server(options[:host], options[:port], protocol)
end
