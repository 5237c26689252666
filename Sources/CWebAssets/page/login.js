/*
 * The script of the page that signs a user in at a function. If the user has no session, it opens the console,
 * whose script returns here after the sign-in.
 *
 * Any site can lead a browser here. It gains nothing: the ticket is valid only in the browser that has begun the
 * sign-in, and leads to the function only.
 */
// @ts-check

const fields = new URLSearchParams(location.search);
const to = fields.get("to") ?? "";
const state = fields.get("state") ?? "";
const lastKey = "f2s-login";
const pauseMilliseconds = 5000;

/**
 * Sends a request with the proof of the session.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Response>}
 */
function send(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = {Accept: "application/json"};
  const proof = localStorage.getItem("f2s-proof");
  if (proof) headers["X-F2S-Session"] = proof;
  if (body === undefined) return fetch(path, {method, headers, cache: "no-store"});
  headers["Content-Type"] = "application/json";
  return fetch(path, {method, headers, body: JSON.stringify(body), cache: "no-store"});
}

/** @param {Response} response @returns {Promise<string>} */
async function detail(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `F2S answered with status ${response.status}.`;
}

/**
 * True if this tab has just returned to the same function. Without a pause, a browser that does not keep the
 * function's cookie would come back here forever.
 */
function isRepeated() {
  const last = JSON.parse(sessionStorage.getItem(lastKey) ?? "{}");
  return last.to === to && Date.now() - last.time < pauseMilliseconds;
}

async function signIn() {
  const response = await send("GET", "/session");
  if (!response.ok) throw new Error(await detail(response));
  const {caller} = await response.json();
  if (!caller) {
    sessionStorage.setItem("f2s-after", JSON.stringify({url: location.href, time: Date.now()}));
    return location.replace("/");
  }
  if (isRepeated()) {
    throw new Error(
      "The function asks for a sign-in again. Check that the browser accepts its cookie, then reload.");
  }
  const issued = await send("POST", "/login", {to, state});
  if (!issued.ok) {
    const user = issued.status === 403 ? `You are signed in as ${caller.name}. ` : "";
    throw new Error(user + await detail(issued));
  }
  const {location: url} = await issued.json();
  sessionStorage.setItem(lastKey, JSON.stringify({to, time: Date.now()}));
  if (/^https?:/.test(url)) location.replace(url);
}

signIn().catch((error) => {
  const status = /** @type {HTMLElement} */ (document.getElementById("status"));
  status.textContent = error.message;
  status.classList.add("error");
  /** @type {HTMLElement} */ (document.getElementById("back")).hidden = false;
});
