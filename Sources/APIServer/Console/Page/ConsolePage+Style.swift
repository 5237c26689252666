extension ConsolePage {
    /// The style of the console's pages.
    static let style = #"""
        :root {
          color-scheme: light dark;
          --line: light-dark(#c9ced6, #454b55);
          --accent: light-dark(#0b57a4, #8ab8f0);
          --error: light-dark(#a3161b, #ff9c9c);
        }

        [hidden] { display: none !important }

        * { box-sizing: border-box }

        body {
          font: 1rem/1.5 system-ui, sans-serif;
          max-width: 64rem;
          margin: 0 auto;
          padding: 0 1rem 3rem;
        }

        header {
          display: flex;
          flex-wrap: wrap;
          align-items: center;
          gap: .25rem 1rem;
          border-bottom: 1px solid var(--line);
        }

        header p { flex: 1; margin: 0; overflow-wrap: anywhere }

        h1 { font-size: 1.4rem; margin: .6rem 0 }

        h2 { font-size: 1.15rem }

        a { color: var(--accent) }

        [role="status"] { min-height: 1.5em; margin: .75rem 0 }

        .error, [role="alert"] { color: var(--error) }

        form, #providers { max-width: 24rem; margin: 0 0 1.5rem; padding: 0 }

        #providers { list-style: none }

        label { display: block; margin-top: .5rem }

        input {
          font: inherit;
          width: 100%;
          padding: .4rem .5rem;
          border: 1px solid var(--line);
          border-radius: .25rem;
        }

        button, #providers a {
          display: inline-block;
          font: inherit;
          margin: .5rem 0;
          padding: .35rem .9rem;
          border: 1px solid var(--accent);
          border-radius: .25rem;
          background: transparent;
          color: var(--accent);
          text-decoration: none;
          cursor: pointer;
        }

        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }

        .wide { overflow-x: auto }

        table { border-collapse: collapse; width: 100% }

        th, td {
          text-align: left;
          vertical-align: top;
          padding: .4rem 1rem .4rem 0;
          min-width: 6rem;
          border-bottom: 1px solid var(--line);
        }

        """#
}
