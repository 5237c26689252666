extension ConsolePage {
    /// The script of the console's page.
    static let script = #"""
        // @ts-check

        /**
         * @typedef {{kind: string, url?: string, title?: string}} SignInMethod
         * @typedef {{name: string, groups: string[]}} Caller
         * @typedef {{methods: SignInMethod[], caller: ?Caller, isProtected: boolean, invocationURL: string}} Session
         * @typedef {{type: string, status: string, message?: string}} Condition
         * @typedef {{readyReplicas?: number, desiredReplicas?: number, conditions?: Condition[]}} Status
         * @typedef {{metadata: {name: string}, spec: {endpoint: string, method?: string}, status?: Status}} Declaration
         * @typedef {{items: Declaration[], metadata?: {remainingItemCount?: number}}} FunctionList
         */

        const refreshMilliseconds = 5000;
        const functionsMax = 500;
        const proofKey = "f2s-proof";
        const afterKey = "f2s-after";

        /** @type {?Session} */
        let session = null;
        /** @type {number | undefined} */
        let timer;
        /** The number of the newest refresh: the results of earlier ones are dropped. */
        let turn = 0;
        /** True if the status is the failure of a refresh that a success ends. */
        let hasFailed = false;
        /** @type {Map<string, HTMLTableRowElement>} */
        const rows = new Map();

        /** A response that is not a success. */
        class ResponseError extends Error {
          /** @param {number} status @param {string} message */
          constructor(status, message) {
            super(message);
            this.status = status;
          }
        }

        /** @param {string} id @returns {HTMLElement} */
        function element(id) {
          const found = document.getElementById(id);
          if (!found) throw new Error(`The page has no element ${id}.`);
          return found;
        }

        /**
         * Sets a text only if it differs, so that a screen reader does not repeat it.
         * @param {HTMLElement} target
         * @param {string} text
         */
        function setText(target, text) {
          if (target.textContent !== text) target.textContent = text;
        }

        /** @param {string} text */
        function report(text) {
          element("status").classList.remove("error");
          setText(element("status"), text);
        }

        /** @param {unknown} error */
        function reportError(error) {
          report(error instanceof Error ? error.message : String(error));
          element("status").classList.add("error");
        }

        /**
         * Sends a request with the proof of the session, and returns the JSON of the response.
         * @param {string} method
         * @param {string} path
         * @param {unknown} [body]
         * @returns {Promise<any>}
         */
        async function request(method, path, body) {
          /** @type {Record<string, string>} */
          const headers = {Accept: "application/json"};
          const proof = localStorage.getItem(proofKey);
          if (proof) headers["X-F2S-Session"] = proof;
          if (body !== undefined) headers["Content-Type"] = "application/json";
          const content = body === undefined ? undefined : JSON.stringify(body);
          let response;
          try {
            response = await fetch(path, {method, headers, body: content, cache: "no-store"});
          } catch {
            throw new ResponseError(0, "F2S does not answer. The page tries again.");
          }
          if (response.ok) return response.json();
          const problem = await response.json().catch(() => ({}));
          throw new ResponseError(response.status, problem.detail ?? `F2S answered with status ${response.status}.`);
        }

        /** Shows the state of the session: the caller, or the ways to sign in. */
        function showSession() {
          if (!session) return;
          const {caller, isProtected, methods} = session;
          const groups = caller && caller.groups.length > 0 ? ` (${caller.groups.join(", ")})` : "";
          const name = isProtected ? `Signed in as ${caller?.name}${groups}` : "Without authentication";
          setText(element("caller"), caller ? name : "");
          element("sign-out").hidden = !caller || !isProtected;
          element("sign-in").hidden = caller !== null;
          element("functions").hidden = caller === null;
          for (const kind of ["password", "token"]) {
            element(`${kind}-form`).hidden = !methods.some((method) => method.kind === kind);
          }
          const links = methods.filter((method) => method.kind === "provider").map(providerItem);
          element("providers").replaceChildren(...links);
          element("providers").hidden = links.length === 0;
          if (caller === null) showFunctions({items: []});
        }

        /** @param {SignInMethod} method @returns {HTMLLIElement} */
        function providerItem(method) {
          const link = document.createElement("a");
          const url = `/session/begin?provider=${encodeURIComponent(method.url ?? "")}`;
          link.href = url;
          link.textContent = `Sign in with ${method.title}`;
          // Only this tab can finish the sign-in, because only it has this text.
          link.addEventListener("click", () => {
            const tab = crypto.getRandomValues(new Uint32Array(4)).join("-");
            sessionStorage.setItem("f2s-tab", tab);
            link.href = `${url}&tab=${tab}`;
          });
          const item = document.createElement("li");
          item.append(link);
          return item;
        }

        /**
         * Shows the functions. Rows that stay keep their elements, and so the focus.
         * @param {FunctionList} list
         */
        function showFunctions(list) {
          const names = new Set(list.items.map((declaration) => declaration.metadata.name));
          for (const [name, row] of rows) {
            if (names.has(name)) continue;
            row.remove();
            rows.delete(name);
          }
          const body = element("rows");
          list.items.forEach((declaration, index) => {
            const row = rows.get(declaration.metadata.name) ?? newRow(declaration.metadata.name);
            fill(row, declaration);
            if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
          });
          const remaining = list.metadata?.remainingItemCount ?? 0;
          element("table").hidden = list.items.length === 0;
          element("empty").hidden = list.items.length > 0;
          element("more").hidden = remaining === 0;
          setText(element("more"), `${remaining} more: GET /functions lists all.`);
        }

        /** @param {string} name @returns {HTMLTableRowElement} */
        function newRow(name) {
          const row = document.createElement("tr");
          const header = document.createElement("th");
          header.scope = "row";
          header.textContent = name;
          const link = document.createElement("a");
          link.rel = "noreferrer";
          row.append(header, ...[1, 2, 3].map(() => document.createElement("td")));
          row.cells[1].append(link);
          rows.set(name, row);
          return row;
        }

        /** @param {HTMLTableRowElement} row @param {Declaration} declaration */
        function fill(row, declaration) {
          const {spec, status = {}} = declaration;
          const url = `${session?.invocationURL}${spec.endpoint}`;
          const link = /** @type {HTMLAnchorElement} */ (row.cells[1].firstElementChild);
          if (link.getAttribute("href") !== url) link.href = url;
          setText(link, spec.method ? `${spec.method} ${spec.endpoint}` : spec.endpoint);
          setText(row.cells[2], `${status.readyReplicas ?? 0}/${status.desiredReplicas ?? 0}`);
          const ready = status.conditions?.find((condition) => condition.type === "Ready");
          setText(row.cells[3], ready ? [ready.status, ready.message].filter(Boolean).join(": ") : "Unknown");
        }

        /** Loads the session if it is not known, then the functions, and plans the next refresh. */
        async function refresh() {
          clearTimeout(timer);
          turn += 1;
          const own = turn;
          let wait = refreshMilliseconds;
          try {
            if (!session) {
              const loaded = await request("GET", "/session");
              if (own !== turn) return;
              session = loaded;
              // The user may have signed in in another tab.
              if (session?.caller && continueToFunction()) return;
              showSession();
            }
            if (session?.caller && !document.hidden) {
              const list = await request("GET", `/functions?limit=${functionsMax}`);
              if (own !== turn) return;
              showFunctions(list);
            }
            if (hasFailed) report("");
            hasFailed = false;
          } catch (error) {
            if (own !== turn) return;
            reportError(error);
            const isSignedOut = error instanceof ResponseError && error.status === 401;
            // The next refresh shows the ways to sign in, and keeps the reason on the page.
            if (isSignedOut) [session, wait] = [null, 1000];
            hasFailed = !isSignedOut;
          }
          timer = setTimeout(refresh, wait);
        }

        /** Drops the session that is shown, and loads the current one. */
        function reload() {
          session = null;
          return refresh();
        }

        /**
         * Opens the page that signs the user in at a function, if that page has led here.
         * @returns {boolean} False if it has not.
         */
        function continueToFunction() {
          const after = JSON.parse(sessionStorage.getItem(afterKey) ?? "{}");
          sessionStorage.removeItem(afterKey);
          if (!(Date.now() - after.time < 600_000) || !after.url.startsWith(`${location.origin}/login?`)) return false;
          location.replace(after.url);
          return true;
        }

        /** @param {string} id @param {(fields: FormData) => object} credentials */
        function signInBy(id, credentials) {
          const form = /** @type {HTMLFormElement} */ (element(id));
          form.addEventListener("submit", async (event) => {
            event.preventDefault();
            try {
              const begun = await request("POST", "/session", credentials(new FormData(form)));
              localStorage.setItem(proofKey, begun.proof);
              if (continueToFunction()) return;
              form.reset();
              report("You are signed in.");
              await reload();
            } catch (error) {
              reportError(error);
            }
          });
        }

        async function signOut() {
          try {
            const {location: url} = await request("DELETE", "/session");
            localStorage.removeItem(proofKey);
            if (/^https?:/.test(url ?? "")) return window.location.assign(url);
            report("You are signed out.");
            await reload();
          } catch (error) {
            reportError(error);
          }
        }

        signInBy("password-form", (fields) => ({user: fields.get("user"), password: fields.get("password")}));
        signInBy("token-form", (fields) => ({token: String(fields.get("token")).trim()}));
        element("sign-out").addEventListener("click", signOut);
        // Another tab has signed in or out.
        window.addEventListener("storage", (event) => {
          if (event.key === proofKey) reload();
        });
        document.addEventListener("visibilitychange", () => {
          if (!document.hidden) refresh();
        });
        refresh();

        """#
}
