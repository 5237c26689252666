extension ConsolePage {
    /// The page of the console. Its script fills it.
    static let index = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>F2S console</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/console.css">
        <script type="module" src="/console.js"></script>
        </head>
        <body>
        <header>
        <h1>F2S</h1>
        <p id="caller"></p>
        <button id="sign-out" type="button" hidden>Sign out</button>
        </header>
        <main>
        <p id="status" role="status"></p>
        <noscript><p>The console needs JavaScript.</p></noscript>
        <section id="sign-in" aria-labelledby="sign-in-title" hidden>
        <h2 id="sign-in-title">Sign in</h2>
        <ul id="providers" hidden></ul>
        <form id="password-form" method="post" action="/session" hidden>
        <label for="user">User</label>
        <input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required>
        <button>Sign in</button>
        </form>
        <form id="token-form" method="post" action="/session" hidden>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="off" required>
        <button>Sign in with the token</button>
        </form>
        </section>
        <section id="functions" aria-labelledby="functions-title" hidden>
        <h2 id="functions-title">Functions</h2>
        <p id="empty" hidden>No function is declared yet.</p>
        <div class="wide" tabindex="0" role="region" aria-labelledby="functions-title">
        <table id="table" hidden>
        <thead>
        <tr><th scope="col">Name</th><th scope="col">Endpoint</th>
        <th scope="col">Replicas</th><th scope="col">Ready</th></tr>
        </thead>
        <tbody id="rows"></tbody>
        </table>
        </div>
        <p id="more" hidden></p>
        </section>
        </main>
        </body>
        </html>

        """#
}
