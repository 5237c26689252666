// usage: node client.js get|post URL
const [verb, url] = process.argv.slice(2);
(async () => {
  const answer = await fetch(url, verb === "get" ? {} : { method: "POST", body: "x".repeat(100_000) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const content = Buffer.from(await answer.arrayBuffer());
  process.stdout.write(verb === "get" ? String(content.length) : content);
})();
