// The HTTP server of Node.js.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");
const { pipeline, Readable } = require("node:stream");

function* parts() {
  for (let part = 0; part < 320; part++) yield "x".repeat(1 << 16);
}

createServer(async (request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/echo") {
    let count = 0;
    const digest = createHash("md5");
    for await (const part of request) {
      count += part.length;
      digest.update(part);
    }
    response.end(`${count} ${digest.digest("hex")}\n`);
  } else if (path === "/download") {
    pipeline(Readable.from(parts()), response, () => {});
  } else if (path === "/cookies") {
    response.setHeader("Set-Cookie", ["a=1", "b=2; Path=/"]);
    response.end("two\n");
  } else if (path.startsWith("/status/")) {
    response.statusCode = Number(path.slice(8));
    response.end([204, 304].includes(response.statusCode) ? undefined : "status\n");
  } else {
    response.end("hello\n");
  }
}).on("error", () => {}).listen(process.env.PORT, "127.0.0.1");

process.on("uncaughtException", (error) => {
  // A client that disconnects in the middle of its body must not end the server.
  if (error.code !== "ECONNRESET") throw error;
});
