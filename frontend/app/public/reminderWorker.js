// The service worker of the site: shows reminders that arrive by Web Push, also without an open
// page. It caches nothing and handles no requests.

const SNOOZE_MINUTES = 10;
const api = new URL(self.location.href).searchParams.get("api") ?? "";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  event.waitUntil(showReminder(event.data?.json()));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const reminder = event.notification.data;
  const actions = { done: completeTask, snooze: snoozeReminder };
  const act = actions[event.action];
  event.waitUntil(
    act ? act(reminder).catch(() => openTask(reminder.task_id)) : openTask(reminder.task_id),
  );
});

function showReminder(reminder) {
  if (!reminder) {
    // Browsers require a notification for each message.
    return self.registration.showNotification("Reminder", { tag: "reminder" });
  }
  const late = reminder.late ? `Late: it was for ${formatTime(reminder.at)}` : "";
  const due = reminder.due ? `Due ${formatDue(reminder.due)}` : "";
  return self.registration.showNotification(reminder.title, {
    body: [due, late].filter(Boolean).join("\n"),
    // A message that was delivered twice replaces its notification.
    tag: `${reminder.reminder_id} ${reminder.at}`,
    timestamp: Date.parse(reminder.at),
    icon: "/icon.svg",
    data: reminder,
    actions: [
      { action: "done", title: "Done" },
      { action: "snooze", title: `Snooze ${SNOOZE_MINUTES} min` },
    ],
  });
}

function formatTime(instant) {
  return new Date(instant).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

function formatDue({ date, at }) {
  if (at) return formatTime(at);
  return new Date(`${date}T00:00:00`).toLocaleDateString([], { dateStyle: "medium" });
}

function completeTask({ user_id, task_id }) {
  return change(user_id, `tasks/${encodeURIComponent(task_id)}/complete`);
}

function snoozeReminder({ user_id, reminder_id }) {
  const path = `reminders/${encodeURIComponent(reminder_id)}/snooze`;
  return change(user_id, path, { minutes: SNOOZE_MINUTES });
}

/** Makes a change as the signed-in user, if the reminder is theirs. */
async function change(userId, path, body) {
  const refreshed = await fetch(`${api}/api/auth/refresh?optional=true`, {
    method: "POST",
    credentials: "include",
  });
  if (refreshed.status !== 200) throw new Error("signed out");
  const session = await refreshed.json();
  if (session.user.id !== userId) throw new Error("another user is signed in");
  const response = await fetch(`${api}/api/${encodeURIComponent(userId)}/${path}`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${session.access_token}`,
      ...(body ? { "Content-Type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
}

/** Shows the task in an open page of the site, or in a new one. */
async function openTask(taskId) {
  const url = `/?task=${encodeURIComponent(taskId)}`;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((each) => new URL(each.url).pathname === "/");
  if (!page) return self.clients.openWindow(url);
  page.postMessage({ type: "open-task", taskId });
  return page.focus();
}
