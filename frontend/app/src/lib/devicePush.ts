import { deviceName } from "@/lib/deviceName";
import { API_URL } from "@/lib/http";
import { ApiError } from "@/lib/problem";
import { deleteDevice, getDevices, type PushDevice, postDevice } from "@/lib/reminderApi";

const WORKER = `/reminderWorker.js${API_URL ? `?api=${encodeURIComponent(API_URL)}` : ""}`;
const STORAGE_KEY = "todochat.push-device";

/** Returns whether this browser can show reminders; it needs https or localhost. */
export function canPush(): boolean {
  return (
    typeof navigator !== "undefined" &&
    "serviceWorker" in navigator &&
    "PushManager" in window &&
    "Notification" in window
  );
}

/** Returns the one of the user's devices that is this browser; null if reminders are off here. */
export async function findOwnDevice(devices: readonly PushDevice[]): Promise<PushDevice | null> {
  if (!canPush() || !(await findSubscription())) return null;
  const id = localStorage.getItem(STORAGE_KEY);
  return devices.find((device) => device.id === id) ?? null;
}

/**
 * Switches reminders on: asks for permission and registers this browser as a device of the user.
 *
 * @throws ApiError also if the browser refuses.
 */
export async function switchPushOn(): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new ApiError(
      0,
      "notifications-blocked",
      "Notifications are blocked. Allow them in the browser’s settings for this site.",
    );
  }
  const { public_key } = await getDevices();
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  const existing = await pushManager.getSubscription();
  // The push service refuses messages that are signed with another key.
  if (existing && keyOf(existing) !== public_key) await existing.unsubscribe();
  let subscription: PushSubscription;
  try {
    subscription = await pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: public_key,
    });
  } catch {
    throw new ApiError(
      0,
      "push-unavailable",
      "This browser’s push service can’t be reached right now.",
    );
  }
  const device = await postDevice(subscription.toJSON(), deviceName(navigator.userAgent));
  localStorage.setItem(STORAGE_KEY, device.id);
}

/** Switches reminders off in this browser, which needs the user's session. */
export async function switchPushOff(): Promise<void> {
  if (!canPush()) return;
  const id = localStorage.getItem(STORAGE_KEY);
  localStorage.removeItem(STORAGE_KEY);
  // Then the push service would report the device as gone, even if the next request fails.
  await (await findSubscription())?.unsubscribe();
  if (id === null) return;
  try {
    await deleteDevice(id);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
}

async function findSubscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ?? null;
}

function keyOf(subscription: PushSubscription): string {
  const bytes = new Uint8Array(subscription.options.applicationServerKey ?? new ArrayBuffer(0));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
