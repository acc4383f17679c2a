"use client";

import { useEffect, useState } from "react";
import { ReminderEmailSettings } from "@/components/settings/ReminderEmailSettings";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/checkbox";
import { LoadedList } from "@/components/ui/loadedList";
import { useDateContext } from "@/hooks/useDateContext";
import { useLoaded } from "@/hooks/useLoaded";
import { canPush, findOwnDevice, switchPushOff, switchPushOn } from "@/lib/devicePush";
import { formatMoment } from "@/lib/due";
import { messageOf } from "@/lib/problem";
import { deleteDevice, getDevices, type PushDevice } from "@/lib/reminderApi";
import { showError } from "@/stores/toastStore";

const loadDevices = async () => (await getDevices()).items;

/** The places where the user gets reminders: on this device, and on the listed ones. */
export function ReminderSettings() {
  const [devices, reload] = useLoaded(loadDevices);
  const [ownId, setOwnId] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => {
    if (devices.status !== "ready") return;
    void findOwnDevice(devices.value).then((device) => setOwnId(device?.id ?? null));
  }, [devices]);

  const change = async (wanted: boolean) => {
    setIsBusy(true);
    try {
      await (wanted ? switchPushOn() : switchPushOff());
    } catch (error) {
      showError(messageOf(error));
    }
    await reload();
    setIsBusy(false);
  };
  const remove = (id: string) =>
    deleteDevice(id).then(reload, (error: unknown) => showError(messageOf(error)));

  return (
    <div className="grid gap-6">
      <Checkbox
        label="Notify me on this device"
        hint={
          canPush()
            ? "Reminders arrive even if this page is closed."
            : "This browser can’t show notifications here. They need https."
        }
        checked={ownId !== null}
        disabled={isBusy || devices.status !== "ready" || !canPush()}
        onChange={({ target }) => void change(target.checked)}
      />
      <ReminderEmailSettings />
      <section className="grid gap-2">
        <h4 className="text-sm font-semibold">Devices with reminders</h4>
        <LoadedList state={devices} onRetry={() => void reload()} empty="No devices">
          {(items) =>
            items.map((device) => (
              <DeviceRow
                key={device.id}
                device={device}
                isOwn={device.id === ownId}
                onRemove={() => void remove(device.id)}
              />
            ))
          }
        </LoadedList>
      </section>
    </div>
  );
}

interface DeviceRowProps {
  device: PushDevice;
  isOwn: boolean;
  onRemove: () => void;
}

function DeviceRow({ device, isOwn, onRemove }: DeviceRowProps) {
  const dates = useDateContext();
  const name = device.name ?? device.push_service;
  return (
    <li className="flex items-center gap-3 px-3 py-2.5 text-sm">
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">{name}</p>
        <p className="text-xs text-muted-foreground">
          {isOwn ? "This device · since " : "Since "}
          {formatMoment(device.created_at, dates)}
        </p>
      </div>
      <Button variant="ghost" size="sm" aria-label={`Remove device: ${name}`} onClick={onRemove}>
        Remove
      </Button>
    </li>
  );
}
