// The back end: it signs users in and requests client secrets for them.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const { CHAT_URL = "http://localhost:8000", CHAT_TOKEN, PORT = "3001" } = process.env;
const passwords = new Map(Object.entries({ ada: "lovelace", grace: "hopper" })); // your accounts
const sessions = new Map(); // cookie -> user

const routes = {
  "POST /api/login": async (_user, { name, password }) => {
    if (!password || passwords.get(name) !== password) return { status: 401 };
    const session = randomUUID();
    sessions.set(session, name);
    const cookie = `session=${session}; HttpOnly; SameSite=Lax; Path=/api`;
    return { status: 200, body: { user: name }, headers: { "Set-Cookie": cookie } };
  },

  "GET /api/me": async (user) => ({ status: 200, body: { user } }),

  "POST /api/chat-secret": async (user) => {
    if (!user) return { status: 401 };
    const response = await fetch(`${CHAT_URL}/api/chatkit/session`, {
      method: "POST",
      headers: { Authorization: `Bearer ${CHAT_TOKEN}`, "Content-Type": "application/json" },
      body: JSON.stringify({ user }), // never a name that the page sends
    });
    if (!response.ok) console.error("no client secret:", response.status, await response.text());
    return response.ok ? { status: 200, body: await response.json() } : { status: 502 };
  },
};

async function handle(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  const session = /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const route = routes[`${request.method} ${request.url}`];
  if (!route) return { status: 404 };
  return route(sessions.get(session) ?? null, text ? JSON.parse(text) : {});
}

const server = createServer(async (request, response) => {
  const { status, headers, body } = await handle(request).catch((error) => {
    console.error(error);
    return { status: 500 };
  });
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body ?? {}));
});
server.listen(Number(PORT), "127.0.0.1");
