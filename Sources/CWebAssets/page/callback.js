/*
 * The script of the page after a sign-in at a provider: it has F2S finish the sign-in, stores the proof, and opens
 * the console, or the page that signs the user in at a function.
 *
 * A hostile page could lead the browser through a sign-in of its own, so that the user works with the attacker's
 * account. So only the tab that has begun a sign-in can finish it.
 */
// @ts-check

const query = location.search.slice(1);
const tab = sessionStorage.getItem("f2s-tab") ?? "";
sessionStorage.removeItem("f2s-tab");
// The code must not stay in the history.
history.replaceState(null, "", location.pathname);

async function finish() {
  const response = await fetch(location.pathname, {
    method: "POST",
    headers: {"Content-Type": "application/json", Accept: "application/json"},
    body: JSON.stringify({query, tab}),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `F2S answered with status ${response.status}.`);
  localStorage.setItem("f2s-proof", answer.proof);
  // The user wanted to open a function.
  const after = JSON.parse(sessionStorage.getItem("f2s-after") ?? "{}");
  sessionStorage.removeItem("f2s-after");
  const isFresh = Date.now() - after.time < 600_000 && after.url.startsWith(`${location.origin}/login?`);
  location.replace(isFresh ? after.url : "/");
}

finish().catch((error) => {
  const status = /** @type {HTMLElement} */ (document.getElementById("status"));
  status.textContent = error.message;
  status.classList.add("error");
  /** @type {HTMLElement} */ (document.getElementById("back")).hidden = false;
});
