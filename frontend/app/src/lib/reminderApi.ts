import { sendAuthorized, sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";

/** A device that shows the user's reminders. */
export interface PushDevice {
  id: string;
  name: string | null;
  push_service: string;
  created_at: string;
}

/** The user's devices, and the key with which a browser becomes one of them. */
export interface PushDevices {
  public_key: string;
  items: PushDevice[];
}

/** Returns the user's devices. */
export function getDevices(): Promise<PushDevices> {
  return sendAuthorizedJson<PushDevices>(userPath("reminders/devices"));
}

/** Adds a device, or updates a known one. */
export function postDevice(subscription: PushSubscriptionJSON, name: string): Promise<PushDevice> {
  const body = { ...subscription, name };
  return sendAuthorizedJson<PushDevice>(userPath("reminders/devices"), { method: "POST", body });
}

/** Removes a device. */
export async function deleteDevice(id: string): Promise<void> {
  await sendAuthorized(userPath(`reminders/devices/${encodeURIComponent(id)}`), {
    method: "DELETE",
  });
}

/** The state of reminders by e-mail. */
export interface ReminderEmail {
  /** This server sends e-mail, and the profile has an address. */
  available: boolean;
  on: boolean;
  address: string | null;
  /** A code was sent to the address; it switches them on. */
  awaits_code: boolean;
}

/** Returns whether the user gets reminders by e-mail. */
export function getReminderEmail(): Promise<ReminderEmail> {
  return sendAuthorizedJson<ReminderEmail>(userPath("reminders/email"));
}

/** Switches reminders by e-mail on or off; an unconfirmed address is sent a code first. */
export function patchReminderEmail(on: boolean): Promise<ReminderEmail> {
  return sendAuthorizedJson<ReminderEmail>(userPath("reminders/email"), {
    method: "PATCH",
    body: { on },
  });
}

/** Confirms the address with the code that was sent to it, and switches reminders on. */
export function postReminderEmailCode(code: string): Promise<ReminderEmail> {
  return sendAuthorizedJson<ReminderEmail>(userPath("reminders/email/confirm"), {
    method: "POST",
    body: { code },
  });
}
