import type { Link, Listener } from "./transport.ts";
import {
  WebSocketServerLink,
  type WebSocketServerOptions,
} from "./web_socket_server_link.ts";

/** Makes WebSockets of what connects to another listener. */
export class WebSocketListener implements Listener {
  readonly address: Listener["address"];
  readonly #listener: Listener;
  readonly #options: WebSocketServerOptions;

  /** Closes the other one with itself. */
  constructor(listener: Listener, options: WebSocketServerOptions) {
    this.#listener = listener;
    this.#options = options;
    this.address = listener.address;
  }

  /** A link is there at once, however long its WebSocket takes. */
  async accept(): Promise<Link | undefined> {
    const link = await this.#listener.accept();
    return link && new WebSocketServerLink(link, this.#options);
  }

  close(): void {
    this.#listener.close();
  }
}
