// @ts-check
// A page without a framework or a build. It uses only the API that `@openai/chatkit` declares, so it
// also works with the official element.

/** @typedef {import("@openai/chatkit").ChatKitOptions} ChatKitOptions */

/** @param {string} path @param {string} [token] */
async function post(path, token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
  const response = await fetch(path, { method: "POST", ...(headers ? { headers } : {}) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

const { access_token: login, user } = await post("/api/auth/refresh");
const { client_secret: secret } = await post("/api/chatkit/session", login);

/** Events and calls that the page received, for its test: `[name, detail]`. */
const heard = /** @type {[string, unknown][]} */ ([]);

/** @type {ChatKitOptions} */
const options = {
  api: {
    url: `/api/${user.id}/chat`,
    domainKey: "domain_pk_localhost_dev",
    fetch: (input, init) =>
      fetch(input, {
        ...init,
        headers: {
          ...Object.fromEntries(new Headers(init?.headers)),
          Authorization: `Bearer ${secret}`,
        },
      }),
    uploadStrategy: { type: "two_phase" },
  },
  locale: "en",
  frameTitle: "Helper",
  header: { rightAction: { icon: "star", onClick: () => heard.push(["star", null]) } },
  startScreen: {
    greeting: "Good day",
    prompts: [{ label: "Say hello", prompt: "hello", icon: "sparkle" }],
  },
  composer: {
    placeholder: "Write to the helper",
    dictation: { enabled: true },
    tools: [
      { id: "search", label: "Search the web", icon: "globe" },
      { id: "plan", label: "Plan", icon: "notebook" },
    ],
    models: [
      { id: "quick", label: "Quick", default: true },
      { id: "deep", label: "Thorough", description: "Thinks longer" },
    ],
  },
  threadItemActions: { feedback: true, retry: true },
  thread: { autoScroll: true },
  disclaimer: { text: "Answers may be wrong." },
  onClientTool: ({ name, params }) => {
    heard.push(["tool", { name, params }]);
    return { said: `${name} was run` };
  },
  widgets: {
    onAction: async (action, item) => {
      heard.push(["action", { action, item: item.id }]);
      // As in the official documentation: the page handles the action, then notifies the server.
      await chatkit.sendCustomAction(action, item.id);
    },
  },
};

const chatkit = /** @type {import("@openai/chatkit").OpenAIChatKit} */ (
  document.getElementById("my-chat")
);
await customElements.whenDefined("openai-chatkit");

for (const name of /** @type {const} */ ([
  "chatkit.ready",
  "chatkit.error",
  "chatkit.effect",
  "chatkit.deeplink",
  "chatkit.response.start",
  "chatkit.response.end",
  "chatkit.history.open",
  "chatkit.history.close",
  "chatkit.thread.change",
  "chatkit.thread.load.start",
  "chatkit.thread.load.end",
  "chatkit.tool.change",
])) {
  chatkit.addEventListener(name, (event) => {
    heard.push([name, /** @type {CustomEvent} */ (event).detail ?? null]);
  });
}
chatkit.setOptions(options);
Object.assign(window, { chatkit, options, heard });
