// The codec on its own: decodes a capture, prints each frame, and encodes them
// again. No network and no permission needed.
//
//   deno run examples/codec_pipeline.ts
//   bun run examples/codec_pipeline.ts

import {
  type Frame,
  FrameDecoderStream,
  FrameEncoderStream,
} from "../codec/mod.ts";

const capture = "CONNECTED\nversion:1.2\n\n\0\n" +
  "MESSAGE\nsubscription:0\nmessage-id:7\ndestination:/queue/a\n" +
  "note:colon\\cand line\\nfeed\ncontent-length:5\n\nhello\0\n";

const print = new TransformStream<Frame, Frame>({
  transform(frame, controller) {
    console.log(frame.command, frame.headerList, frame.text());
    controller.enqueue(frame);
  },
});

const encoded = new Blob([capture]).stream()
  .pipeThrough(new FrameDecoderStream())
  .pipeThrough(print)
  .pipeThrough(new FrameEncoderStream());

const text = await new Response(encoded).text();
// The line feeds between frames are heart-beats, not frames.
console.log(text === capture.replaceAll("\0\n", "\0") ? "the same" : text);
