import { type FormEvent, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./Chat";

const CUSTOMERS = [
  { name: "Priya Raman", phone: "555 0134", order: "12 olive trees" },
  { name: "Jonas Weber", phone: "555 0178", order: "a wild flower meadow" },
];

async function request(method: "GET" | "POST", path: string, body?: object) {
  const response = await fetch(path, { method, body: body ? JSON.stringify(body) : null });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Our own page, with our own sign-in; the chat is beside it. */
function App() {
  const [user, setUser] = useState<string | null>(null);
  const [open, setOpen] = useState(CUSTOMERS[0]);

  useEffect(() => {
    request("GET", "/api/me").then((me) => setUser(me.user));
  }, []);

  const signIn = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.currentTarget));
    request("POST", "/api/login", form).then((me) => setUser(me.user), alert);
  };

  if (!user) {
    return (
      <form onSubmit={signIn}>
        <h1>Customers</h1>
        <input name="name" placeholder="Name" aria-label="Name" />
        <input name="password" type="password" placeholder="Password" aria-label="Password" />
        <button type="submit">Sign in</button>
      </form>
    );
  }
  return (
    <div className="desk">
      <main>
        <h1>Customers</h1>
        {CUSTOMERS.map((each) => (
          <button
            key={each.name}
            type="button"
            aria-pressed={each === open}
            onClick={() => setOpen(each)}
          >
            <strong>{each.name}</strong> ordered {each.order}
          </button>
        ))}
      </main>
      <Chat
        user={user}
        customer={open}
        getClientSecret={async () => (await request("POST", "/api/chat-secret")).client_secret}
      />
    </div>
  );
}

const page = document.querySelector("#page");
if (page) createRoot(page).render(<App />);
