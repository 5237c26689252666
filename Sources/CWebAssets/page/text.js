/**
 * Every text of the page, in one table.
 *
 * Contract
 * - A group per view or widget; a view's author adds keys to the group of that view only.
 * - A text with parts that vary is a function of these parts. Numbers and times come from format.js.
 * - Titles and details of problems are the server's, and are shown unchanged.
 * - index.html names texts of `app` by `data-t="key"`; main.js fills them in.
 */

import {clock, dateTime, duration, list, number, plural} from "./format.js";

/** @typedef {typeof english} Texts */

const english = {
  app: {
    name: "F2S",
    title: (/** @type {string} */ view) => `${view} – F2S`,
    skip: "Skip to the content",
    functions: "Functions",
    platform: "Platform",
    docs: "Docs",
    live: "live",
    connecting: "connecting",
    offline: "offline",
    offlineNow: (/** @type {Date} */ since, /** @type {number} */ seconds) =>
      `No connection to F2S since ${clock(since)}. You see the last state; your text is safe. `
      + `Next try in ${number(seconds)} s.`,
    offlineTrying: (/** @type {Date} */ since) =>
      `No connection to F2S since ${clock(since)}. You see the last state; your text is safe. Trying now.`,
    tryNow: "Try now",
    caller: "Account",
    groups: (/** @type {string[]} */ names) => `Groups: ${list(names)}`,
    unprotected: "This F2S does not authenticate callers.",
    signOut: "Log out",
    keys: "Keyboard shortcuts",
    loading: "Loading",
    stillLoading: "F2S takes longer than usual to answer. The page goes on waiting.",
    reload: "Reload",
    noPage: "There is no such view",
    noPageDetail: (/** @type {string} */ hash) => `The console has no view ${hash}.`,
    toFunctions: "Show the functions",
    close: "Close",
    cancel: "Cancel",
    copy: "Copy",
    copied: "Copied",
    retry: "Try again",
    edit: "Edit",
  },

  problem: {
    stage: (/** @type {string} */ stage) => `Stage: ${stage}`,
    lastLines: "Last lines of the function",
    exitStatus: (/** @type {number} */ status) => `Exit status ${status}`,
    asOf: (/** @type {Date} */ time) => `Below is the state as of ${clock(time)}.`,
    network: "F2S does not answer",
    networkDetail: "The connection failed. The page tries again by itself.",
    status: (/** @type {number} */ status) => `F2S answered with status ${status}.`,
    unexpected: "The page has failed",
    unexpectedDetail: (/** @type {string} */ message) => `${message}. Reload the page; your text is safe.`,
    notJSON: "The answer is not JSON. A proxy in front of F2S may have answered instead.",
  },

  access: {
    /** The sentence that says why something is not offered. */
    notAllowed: (/** @type {string} */ verb, /** @type {string} */ privilege, /** @type {string} */ name) =>
      name
        ? `You may not ${verb} ${name}. This needs ${privilege}. Ask an administrator.`
        : `You may not ${verb}. This needs ${privilege}. Ask an administrator.`,
    readOnly: (/** @type {string} */ verb, /** @type {string} */ privilege, /** @type {string} */ name) =>
      `You may read ${name}, not ${verb} it. This needs ${privilege}. Ask an administrator.`,
    verbs: /** @type {Record<string, string>} */ ({
      "functions:list": "read", "functions:invoke": "invoke", "functions:create": "create functions",
      "functions:update": "change", "functions:delete": "delete", "functions:logs": "read the logs of",
      "functions:expose": "make public", "settings:view": "read the settings", "settings:update": "change the settings",
    }),
  },

  login: {
    title: "Log in",
    provider: (/** @type {string} */ title) => `Continue with ${title}`,
    or: "or",
    name: "Name",
    password: "Password",
    token: "Token",
    submit: "Log in",
    submitToken: "Log in with the token",
    byPassword: "With name and password",
    byToken: "With a token",
    tokenHelp: "An API token of F2S, or a token of your login provider.",
    missing: "Fill in this field.",
    noMethod: "No way to log in is configured. Set f2s.auth.types.",
    draftsKept: (/** @type {string[]} */ names) =>
      `Your ${plural(names.length, "draft", "drafts")} of ${list(names)} ${plural(names.length, "is", "are")} kept.`,
    ended: "Your session has ended. Log in to go on; your text is safe.",
    signedOut: "You are logged out.",
  },

  state: {
    ready: "Ready",
    starting: "Starting",
    idle: "Idle at zero",
    attention: "Needs attention",
    replicas: (/** @type {number} */ ready, /** @type {number} */ desired, /** @type {number} */ max) =>
      `${number(ready)} of ${number(desired)} ready, at most ${number(max)}`,
    more: (/** @type {number} */ count) => `+${number(count)}`,
  },

  list: {
    title: "Functions",
    create: "New function",
    filter: "Filter by name, endpoint or description",
    clear: "Clear filter",
    states: "State",
    all: "All",
    attention: "Need attention",
    starting: "Starting",
    ready: "Ready",
    idle: "Idle",
    name: "Name",
    endpoint: "Endpoint",
    state: "State",
    replicas: "Replicas",
    rate: "Requests/s",
    p95: "p95",
    p95Long: "95 % of the answers of the last five minutes took at most this long",
    coldStart: "Cold start",
    coldStartLong: "Duration of the last start from zero",
    sortBy: (/** @type {string} */ column) => `Sort by ${column}`,
    anyMethod: "any method",
    found: (/** @type {number} */ count) => plural(count, "# function", "# functions"),
    noMatch: (/** @type {string} */ filter) => `No function matches “${filter}”.`,
    noneInState: (/** @type {string} */ state) => `No function is in the state “${state}”.`,
    showAll: "Show all",
    range: (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ of) =>
      `${number(from)}–${number(to)} of ${number(of)}`,
    pages: "Pages",
    previous: "Previous page",
    next: "Next page",
    page: (/** @type {number} */ page) => `Page ${number(page)}`,
    changed: "The order has changed.",
    sortAgain: "Sort again",
    deleted: "Deleted",
    rejections: (/** @type {number} */ count) =>
      plural(count, "# manifest was rejected", "# manifests were rejected"),
    requestsOf: (/** @type {string} */ rate) => `${rate} requests per second`,
  },

  examples: {
    title: "Write your first function",
    lead: "No image is needed: write a few lines, and F2S runs them.",
    write: "Write code",
    try: "Or try an example. One click declares it and invokes it.",
    others: "Or begin with:",
    image: "Container image",
    command: "Command",
    paste: "Paste YAML",
    greeting: "Greeting",
    greetingHelp: "Answers with a name from the query and writes to the log.",
    webhook: "JSON webhook",
    webhookHelp: "Receives a POST and answers with what it has received.",
    clock: "Clock",
    clockHelp: "Streams the time, once a second, ten times.",
    starting: (/** @type {string} */ name) => `Declaring ${name}.`,
  },

  invocation: {
    coldStart: (/** @type {string} */ name, /** @type {number} */ seconds) =>
      `Starting ${name}: no replica was running. ${duration(seconds)} so far.`,
  },

  editor: {
    hint: "Tab indents. Esc, then Tab, leaves. Ctrl+M turns Tab off and on.",
    tabOn: "Tab indents.",
    tabOff: "Tab moves to the next control.",
    line: (/** @type {number} */ line) => `Line ${number(line)}`,
  },

  log: {
    filter: "Filter lines",
    pause: "Pause",
    resume: "Resume",
    newest: (/** @type {number} */ count) =>
      plural(count, "# new line: jump to newest", "# new lines: jump to newest"),
    toNewest: "Jump to newest",
    download: "Download",
    readAloud: "Read aloud",
    lost: (/** @type {number} */ count) =>
      plural(count, "# earlier line is not shown", "# earlier lines are not shown"),
    shown: (/** @type {number} */ count) => plural(count, "# line", "# lines"),
  },

  chart: {
    showTable: "Show as table",
    showChart: "Show as chart",
    time: "Time",
    none: "No data yet",
    reading: "Arrow keys read the points.",
    value: (/** @type {string} */ name, /** @type {string} */ value) => `${name} ${value}`,
  },

  dialog: {
    typeName: (/** @type {string} */ name) => `Type ${name} to confirm`,
    wrongName: (/** @type {string} */ name) => `This is not ${name}.`,
  },

  form: {
    summary: (/** @type {number} */ count) =>
      plural(count, "# field needs a correction", "# fields need a correction"),
    optional: "optional",
  },

  keys: {
    title: "Keyboard shortcuts",
    singles: "Use the keys / and ?",
    singlesHelp: "Turn them off if a speech or switch program types into the page.",
    filter: "Go to the filter",
    help: "Show this list",
    save: "Save",
    send: "Save and invoke, or send",
    editorTab: "In the editor: leave it",
    editorToggle: "In the editor: Tab indents or moves on",
  },

  edit: {
    title: "New function",
    titleOf: (/** @type {string} */ name) => `Edit ${name}`,
    toFunction: "Back to the function",
    how: "Run",
    ways: {code: "Code", image: "Container image", command: "Command"},
    imageOnLocal: "F2S runs here as Local, which accepts images and does not run them. Write code, or name a command.",
    unreadable: "The declaration cannot be read",
    anyMethod: "any",
    more: "More fields",
    groups: {
      route: "Route and callers", start: "Start", variables: "Variables", scaling: "Scaling", limits: "Limits",
    },
    /** Label, help and default per field of the manifest. */
    fields: {
      "metadata.name": ["Name", "Small letters, digits and hyphens."],
      "spec.endpoint": ["Endpoint", "The public path.", "/hello"],
      "spec.method": ["Method", "The only method that the function accepts."],
      "spec.description": ["Description", "For readers; Markdown."],
      "spec.access": ["Who may invoke it", "Applies if F2S authenticates callers."],
      "spec.cors.origins": [
        "Web pages of other origins (CORS)", "Origins that may use the function, such as https://app.example.org. "
        + "Without any, the function answers browsers itself."],
      "spec.cors.credentials": ["Cookies and credentials", "Browsers send them from these pages."],
      "spec.login": ["Login in the browser", "A browser without credentials is led to the login, and back."],
      "target.forwardAuthorization": ["Forward Authorization", "Replicas receive the callers' credentials."],
      "target.source.handler": ["Handler", "A module and a function in it; for shell, a script.", "handler.handle"],
      "target.containerImage": ["Container image", "The image that Kubernetes runs.", "registry/name:tag"],
      "target.command": [
        "Command", "One argument per line. No shell reads them; $(NAME) is a variable. Listen on $PORT.",
        "python3"],
      "target.port": ["Port", "The port on which the container listens.", "8080"],
      "target.watch": ["Watch the files", "A changed file in the manifest's folder rolls the function out."],
      "target.timeout": ["Timeout", "From the request to the head of the response, such as 30s."],
      "target.startTimeout": ["Start timeout", "The longest time in which a replica must become ready."],
      "target.drainTimeout": ["Drain timeout", "The longest time for invocations to finish before a stop."],
      "target.readinessProbe.path": ["Readiness path", "A replica is used once a GET answers 200…399.", "/ready"],
      "target.resources.cpu": ["CPU", "As in Kubernetes, such as 250m."],
      "target.resources.memory": ["Memory", "As in Kubernetes, such as 128Mi."],
      "target.secrets": ["Secrets", "Names of Kubernetes Secrets whose keys become variables, with commas."],
      "target.minReplicas": ["Replicas at least", "0 lets the function scale to zero.", "0"],
      "target.maxReplicas": ["Replicas at most", "1 to 1000.", "5"],
      "target.concurrency": ["Invocations per replica at once", "Exact: 1 for a single thread.", "no limit"],
      "target.scaling.targetConcurrency": [
        "Invocations per replica at full load", "The autoscaler aims at 70 % of it.", "100"],
      "target.scaling.idle": ["Idle time", "Without invocations for so long, it scales down.", "60s"],
      "target.scaling.window": ["Window", "The time over which the load is averaged.", "60s"],
      "target.limits.inFlight": ["Invocations at once", "Of all replicas together.", "no limit"],
      "target.limits.queued": ["Invocations that wait", "The next one gets 503."],
      "target.limits.rate": ["Invocations per second", "Of each caller; the next one gets 429.", "no limit"],
      "target.limits.burst": ["Burst", "Invocations that a caller may begin at once after a pause."],
    },
    access: {
      authenticated: "Authenticated callers", public: "Everyone", groups: "Groups",
      groupsHelp: "Names, with commas. A caller needs one of them.",
      noPublic: "Everyone: this needs functions:expose. Ask an administrator.",
    },
    env: {
      title: "Environment", help: "Later values may use earlier ones as $(NAME).", add: "Add a variable",
      name: "Name", value: "Value",
    },
    envFrom: {
      title: "From ConfigMaps and Secrets", help: "Their keys become variables (Kubernetes).", add: "Add a source",
      kind: "Kind", secret: "Secret", configMap: "ConfigMap", optional: "optional",
      create: "If it does not exist, create it: ",
      command: (/** @type {string} */ kind, /** @type {string} */ name, /** @type {string} */ namespace) =>
        `kubectl create ${kind === "secret" ? "secret generic" : "configmap"} ${name}`
        + ` --namespace ${namespace} --from-literal=KEY=VALUE`,
    },
    secret: {
      write: "Write a Secret", saveFirst: "After the first save you can write Secrets for the function here.",
      help: "Replicas get each key as a variable. The values cannot be read afterwards.",
      name: "Name", nameHelp: "Small letters, digits and hyphens. If it exists, all its keys are replaced.",
      key: "Key", value: "Value", add: "Add a key",
      twice: (/** @type {string} */ key) => `The key ${key} is there twice`,
      twiceDetail: "Change or empty one of them.",
      written: (/** @type {string} */ name) =>
        `The Secret ${name} is written. Replicas that start after the next save or restart have its keys.`,
    },
    remove: "Remove",
    runtime: "Runtime",
    runtimes: {python: "Python", node: "Node.js", shell: "Shell", none: "None: a command"},
    files: "Files",
    addFile: "Add a file",
    renameFile: "Rename",
    removeFile: "Remove file",
    removedFile: (/** @type {string} */ name) => `${name} is removed.`,
    fileName: "Name of the file",
    fileNameHelp: "A relative path of letters, digits, dots, underscores and hyphens.",
    fileTaken: (/** @type {string} */ name) => `There is a file ${name} already.`,

    manifest: "Manifest",
    manifestHint: "The manifest appears here as soon as the function has a name.",
    paste: "Paste the YAML of one function.",
    unchecked: "Not checked: F2S did not answer. Your text is safe.",
    blocked: "The form waits until the manifest has no errors.",
    outdated: "The manifest shows the last state without errors.",
    creates: (/** @type {string} */ name) => `Valid. Saving creates ${name}.`,
    unchanged: "Valid. It equals what is stored.",
    rollsOut: "Valid. Saving rolls out: new replicas replace the old ones.",
    rollsNothing: "Valid. Saving does not start new replicas.",
    copyAs: "Copy as",
    copies: {yaml: "YAML", kubectl: "kubectl", f2s: "f2s", curl: "curl"},

    saveAndInvoke: "Save and invoke",
    save: "Save",
    dryRun: "Dry run",
    dryRunErrors: "The declaration has errors. Nothing could be saved.",
    moreLines: (/** @type {number} */ count) => plural(count, "… # more line", "… # more lines"),
    saved: (/** @type {string} */ name) => `Saved ${name}.`,
    undo: "Undo",
    undone: "The former declaration is back.",
    redo: "Redo",
    redone: "Saved again.",
    taken: (/** @type {string} */ name) => `There is a function ${name} already. Nothing was saved.`,
    openTaken: (/** @type {string} */ name) => `Open ${name}`,
    saveAgain: "Save it as a new function",
    kept: (/** @type {number} */ time) => `This is your draft of ${dateTime(time)}. It is not saved.`,
    discard: "Discard the draft",
    stale: (/** @type {string} */ name) => `${name} was changed after you began this draft.`,
    compare: "Compare",
    draftKept: (/** @type {number} */ time) => `Draft kept in this browser, ${clock(time)}.`,
    draftFailed: "This browser refuses to keep a draft. Save before you leave.",
    anotherUser: "Another user",
    conflict: {
      title: (/** @type {string} */ by, /** @type {string} */ name) => `${by} changed ${name} after you opened it`,
      lead: (/** @type {?string} */ at) =>
        `Nothing was saved. Choose what to keep.${at ? ` The other version is of ${dateTime(at)}.` : ""}`,
      same: "Both versions are the same. Save the result to go on with it.",
      theirs: "Theirs", yours: "Yours", both: "Both changes", edit: "Edit by hand",
      absent: "(not set)",
      choose: "Choose what to keep in each field.",
      save: "Save result", keep: "Keep editing", discard: "Discard mine",
    },
    versions: "Versions",
    version: (/** @type {import("./views/edit-manifest.js").Version} */ {generation, changedAt, changedBy}) =>
      `${number(generation)}, ${dateTime(changedAt)}${changedBy ? `, ${changedBy}` : ""}`,
    versionState: (/** @type {import("./views/edit-manifest.js").Version} */ version) =>
      [version.revision.slice(0, 4), version.isCurrent && "current", version.isServing && "serving",
        !version.hasServed && "never ready"].filter(Boolean).join(", "),
    toEditor: "Put it into the editor",
    inEditor: (/** @type {number} */ generation) =>
      `Version ${number(generation)} is in the editor. Save it to restore it.`,
  },
  function: {
    tabs: {
      overview: "Overview", invoke: "Invoke", logs: "Logs", why: "Why", charts: "Charts", events: "Events",
      triggers: "Triggers",
    },
    deleted: (/** @type {string} */ name) => `${name} was deleted.`,
    changeRoute: "Change endpoint",
    description: "Description",
    noDescription: "There is no description. Edit the function to write one, in Markdown.",
    now: "Now",
    replicas: "Replicas",
    running: "Revision",
    revision: (/** @type {string} */ revision, /** @type {number} */ updated, /** @type {number} */ ready) =>
      ready === 0 ? `${revision}; no replica runs.`
        : updated >= ready ? `${revision} runs.`
          : `${revision} is declared; ${number(ready - updated)} of ${number(ready)} replicas run an earlier one.`,
    declaration: "Declaration",
    history: "History",
    changedBy: (/** @type {string} */ name) => `${name} changed it`,
    changed: "Changed",
    isCurrent: "declared now",
    isServing: "serving",
    neverServed: "has not served yet",
    restore: "Restore",
    restoreLong: (/** @type {string} */ time, /** @type {string} */ revision) =>
      `Restore ${revision} of ${dateTime(time)}`,
    restoreRevision: (/** @type {string} */ revision) => `Restore ${revision}`,
    restoreTitle: (/** @type {string} */ name, /** @type {string} */ time) =>
      `Restore ${name} as of ${dateTime(time)}?`,
    restoreDetail: (/** @type {string} */ revision) =>
      `Revision ${revision} rolls out like an edit. The current declaration stays in the history.`,
    restored: (/** @type {string} */ time) => `The declaration of ${dateTime(time)} is restored.`,
    rolledBack: (/** @type {string} */ failed, /** @type {string} */ serving) =>
      `Revision ${failed} does not serve. Revision ${serving} goes on serving.`,
    actions: "Actions",
    restart: "Restart",
    restarted: (/** @type {string} */ name) => `The replicas of ${name} are being replaced, one by one.`,
    deleteOpen: "Delete…",
    delete: (/** @type {string} */ name) => `Delete ${name}`,
    deleteTitle: (/** @type {string} */ name) => `Delete ${name}?`,
    deleteDetail: (/** @type {string} */ path) => `Running invocations finish; then ${path} answers 404.`,
    keep: "Keep",
  },

  invoke: {
    request: "Request",
    answer: "Answer",
    method: "Method",
    path: (/** @type {string} */ path) => `Path after ${path}`,
    pathHelp: "Such as ?name=Ada or /part?key=value.",
    more: "Headers and body",
    headers: "Headers",
    headersHelp: "One per line, such as Content-Type: application/json.",
    wrongHeader: (/** @type {string} */ line) => `“${line}” is not a header. Write a name, a colon and a value.`,
    body: "Body",
    send: "Send",
    sendHint: "Ctrl+Enter or ⌘+Enter sends from any field.",
    event: "Test event",
    noEvent: "Choose",
    saveEvent: "Save as test event",
    deleteEvent: "Delete the event",
    saveTitle: "Save the request as a test event",
    eventName: "Name of the event",
    eventHelp: "It is kept in this browser, for your user. An event of the same name is replaced.",
    save: "Save",
    notStored: "The browser refuses to store the request. It is lost when you leave the page.",
    empty: (/** @type {string} */ name) =>
      `Send a request to see what ${name} answers. At zero, the first one starts it.`,
    running: "running",
    stopped: "Stopped",
    stop: "Stop",
    waiting: (/** @type {string} */ name, /** @type {number} */ seconds) =>
      `Waiting for the answer of ${name}. ${duration(seconds)} so far.`,
    summary: (/** @type {string} */ status, /** @type {string} */ time, /** @type {string} */ stage,
      /** @type {boolean} */ isCold) => [status, time, stage, isCold && "cold start"].filter(Boolean).join(", "),
    timeLine: "Time line",
    queue: "queue",
    start: "start",
    function: "function",
    rest: "rest of the answer",
    noBody: "The answer has no body.",
    truncated: (/** @type {string} */ shown, /** @type {string} */ all) => `Shows ${shown} of ${all}.`,
    binary: "The body is not text. ",
    headerCount: (/** @type {number} */ count) => plural(count, "# header", "# headers"),
    curl: "The call for curl",
    use: "Edit this request",
    history: "Last calls",
  },

  logs: {
    label: (/** @type {string} */ name) => `Log of ${name}`,
    replica: "Replica",
    all: (/** @type {number} */ count, /** @type {number} */ ended) =>
      (count ? `All (${number(count)}${ended ? `, ${number(ended)} ended` : ""})` : "All"),
    ended: (/** @type {string} */ id) => `${id} (ended)`,
    empty: (/** @type {string} */ name) => `No replica runs, so nothing is logged. Invoke ${name} to start one.`,
    silent: (/** @type {string} */ name) => `${name} has not written a line yet. What it prints appears here.`,
  },

  why: {
    decision: "Last decision",
    noDecision: "The autoscaler has not decided about the function yet.",
    scale: (/** @type {number} */ ready, /** @type {number} */ desired) =>
      ready + desired === 0 ? "No replica is needed." : `${number(ready)} of ${plural(desired, "# wanted replica", "# wanted replicas")} `
      + `${plural(ready, "is", "are")} ready.`,
    load: (/** @type {number} */ inFlight, /** @type {number} */ queued) =>
      `${plural(inFlight, "# invocation is", "# invocations are")} in flight, ${plural(queued, "# waits", "# wait")}.`,
    changes: "Last changes of the number of replicas",
    noChange: "F2S remembers no change of the number of replicas.",
    change: (/** @type {number} */ from, /** @type {number} */ to) => `From ${number(from)} to ${number(to)}:`,
    conditions: "Conditions",
    condition: (/** @type {string} */ type, /** @type {string} */ status) => `${type}: ${status}`,
    replicas: "Replicas",
    noReplica: "No replica exists.",
    columns: {id: "Replica", state: "State", revision: "Revision", inFlight: "In flight", since: "Since"},
    former: "(earlier)",
    startFailed: (/** @type {string} */ name) => `The last start of ${name} failed`,
    attempts: (/** @type {number} */ attempts, /** @type {string} */ next) =>
      `${plural(attempts, "# attempt has", "# attempts have")} failed. The next one is at ${next}.`,
    retry: "Start again now",
    shell: "In a shell:",
    again: "Look again",
  },

  charts: {
    range: "Range",
    last: (/** @type {number} */ seconds) => {
      if (seconds <= 3600) return plural(seconds / 60, "Last minute", "Last # minutes");
      return seconds <= 86_400 ? plural(seconds / 3600, "Last hour", "Last # hours")
        : plural(seconds / 86_400, "Last day", "Last # days");
    },
    own: "F2S itself remembers the last hour.",
    configure: "For longer times, let Prometheus scrape F2S, and set prometheus.url.",
    part: (/** @type {number} */ counted, /** @type {number} */ running) =>
      `Requests, errors, latency, invocations in flight and cold starts are those of ${number(counted)} of `
      + `${plural(running, "# F2S process", "# F2S processes")}. Replicas and slots are those of all.`,
    prometheus: "prometheus:\n  url: http://prometheus:9090\n",
    empty: "No invocation in this time.",
    fill: (/** @type {string} */ name) => `Invoke ${name}`,
    caption: (/** @type {string} */ name, /** @type {string} */ now, /** @type {string} */ most) =>
      `${name}: ${now} now, ${most} at most`,
    requests: "Requests per second",
    errors: "Errors per second, by stage",
    noErrors: "No invocation has failed within F2S in this time.",
    latency: "Latency",
    load: "Load",
    inFlight: "in flight",
    slots: "slots",
    replicas: "Replicas",
    desired: "desired",
    ready: "ready",
    coldStarts: "Cold starts",
    noColdStarts: "No cold start in this time.",
  },

  events: {
    empty: (/** @type {string} */ name) =>
      `F2S remembers no event of ${name}. Starts, failures and changes appear here.`,
  },

  triggers: {
    empty: "Only HTTP requests invoke this function so far. Schedules, queues and topics will be set up here.",
  },

  platform: {
    title: "Platform",
    health: "Health",
    settings: "Settings",
    access: "Access",
    well: "F2S is healthy",
    unwell: "F2S needs attention",
    outageRemedy: "F2S keeps trying. Replicas that run go on serving.",
    conditions: /** @type {Record<string, {title: string, remedy: string}>} */ ({
      SettingsAccepted: {
        title: "The newest settings are not in force",
        remedy: "Correct the settings. F2S reads them again when they change.",
      },
      PeersTrusted: {title: "Another F2S process refuses this one", remedy: ""},
    }),
    showSettings: "Show the settings in force",
    functions: "Functions that need attention",
    noFinding: "No function needs attention.",
    all: (/** @type {number} */ count) => `Show all ${number(count)}`,
    why: "Why",
    rejectionRemedy: "F2S reads a manifest again as soon as it changes.",
    processes: "F2S processes",
    needsList: "You may not see the processes. This needs functions:list for every function. Ask an administrator.",
    installation: "This process",
    load: "Load",
    dispatcher: "Dispatcher",
    facts: {
      version: "Version", platform: "Platform", leader: "Leader", peers: "Other processes", functions: "Functions",
      replicas: "Replicas", inFlight: "In flight", queued: "Waiting", address: "Address", connections: "From clients",
      upstreams: "To replicas", loops: "Event loops", accepts: "Connections",
    },
    leads: "This process decides about replicas",
    follows: "Another process decides about replicas",
    noPeers: "None",
    none: "None",
    draining: "Drained: this process shuts down",
    accepting: "Accepted",
    settingsHelp: "F2S reads its settings again when they change. Variables such as F2S_LOOPS override the file.",
    filter: "Filter settings",
    settingsFound: (/** @type {number} */ count) => plural(count, "# setting", "# settings"),
    key: "Key",
    value: "Value",
    unset: "not set",
    secret: "set, not shown",
    you: "You",
    unprotected: "Everyone who reaches this F2S may do everything. To change that, set f2s.auth.types.",
    everyFunction: "every function",
    nothing: "Nothing, except for functions that admit the group",
    users: "Groups and users of the settings",
    groups: "Groups",
    usersHelp: "Users of a login provider have the privileges of their groups, and are not listed.",
    noUsers: "The settings name neither users nor groups. Set f2s.auth.basic and f2s.auth.authorization.",
    columns: {
      user: "User", group: "Group", groups: "Groups", may: "Privileges", token: "Token", created: "Created",
      expires: "Expires", action: "Action",
    },
    tokens: "API tokens",
    noTokens: "There are no API tokens.",
    tokensHelp: "Only the command that creates a token shows its text:",
    never: "never",
    over: "(expired)",
    revoke: (/** @type {string} */ name) => `Revoke ${name}`,
    revokeTitle: (/** @type {string} */ name) => `Revoke ${name}?`,
    revokeDetail: "F2S refuses the token from now on. This cannot be undone.",
    keep: "Keep",
    mayNotRevoke: "You may not revoke tokens. This needs settings:update. Ask an administrator.",
  },
  docs: {
    title: "Docs",
    guides: "Guides",
    all: "All guides and the REST API",
    /** @type {[file: string, title: string, sentence: string][]} */
    files: [
      ["functions.md", "Functions", "Manifests: every field, and how a function starts, scales and stops."],
      ["source.md", "Source text", "Functions from a few lines of Python, JavaScript or shell, without an image."],
      ["frameworks.md", "Frameworks", "A tested manifest for each of the usual HTTP servers."],
      ["command-line.md", "Command line", "The commands of f2s."],
      ["console.md", "Console", "What this page shows."],
      ["rest.md", "REST API", "The paths of the REST API, and who may call them."],
      ["access.md", "Access", "Authentication, privileges, API tokens and the login of the console."],
      ["access-recipes.md", "Recipes for access", "Complete settings for common cases, such as Keycloak."],
      ["settings.md", "Settings", "Every key of config.yaml with its default and its variable."],
      ["kubernetes.md", "Kubernetes", "Installation and operation on Kubernetes."],
      ["errors.md", "Errors", "The stages of an invocation, and what each error means."],
    ],
    api: (/** @type {string} */ version) => `REST API of F2S ${version}`,
    search: "Search operations",
    clear: "Clear search",
    found: (/** @type {number} */ count) => plural(count, "# operation", "# operations"),
    noMatch: (/** @type {string} */ search) => `No operation matches “${search}”.`,
    /** @type {Record<string, string>} */
    groups: {functions: "Functions", replicas: "Replicas and events", platform: "F2S itself", access: "Access",
      console: "The console itself"},
    parameters: "Parameters",
    body: "Body",
    schema: "Schema",
    answers: "Answers",
    problems: (/** @type {string[]} */ statuses) =>
      `An error${statuses.length > 0 ? ` (${list(statuses)})` : ""} is a problem document (RFC 9457).`,
    tryIt: "Try it",
    notHere: "The console sends this request itself. Sending it here would change your session.",
    asCaller: (/** @type {string} */ name) => `The request is sent as ${name}, and takes effect.`,
    accept: "Answer as",
    contentType: "Content type",
    send: (/** @type {string} */ method) => `Send ${method}`,
    stop: "Stop",
    curl: "Copy as curl",
    pending: "Waiting for the answer",
    status: (/** @type {string} */ status, /** @type {number} */ seconds) => `${status}, ${duration(seconds)}`,
    stopped: "Stopped",
    headers: "Headers",
    noBody: "The answer has no body.",
    cut: (/** @type {string} */ size) => `The page shows the first ${size}.`,
  },
};

/** The texts in the page's language. */
export const text = english;
