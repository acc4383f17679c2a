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
