"use client";

import {
  ArrowLeftRight,
  Bell,
  Download,
  Globe,
  KeyRound,
  LogOut,
  MonitorSmartphone,
  Palette,
  UserRound,
} from "lucide-react";
import dynamic from "next/dynamic";
import { type ComponentType, useState } from "react";
import { AccountSettings } from "@/components/settings/AccountSettings";
import { AppearanceSettings } from "@/components/settings/AppearanceSettings";
import { DataSettings } from "@/components/settings/DataSettings";
import { RegionSettings } from "@/components/settings/RegionSettings";
import { ReminderSettings } from "@/components/settings/ReminderSettings";
import { SessionSettings } from "@/components/settings/SessionSettings";
import { TokenSettings } from "@/components/settings/TokenSettings";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { messageOf } from "@/lib/problem";
import { cn } from "@/lib/utils";
import { useAuthStore } from "@/stores/authStore";
import { showError } from "@/stores/toastStore";

const TransferSettings = dynamic(() =>
  import("@/components/settings/TransferSettings").then((module) => module.TransferSettings),
);

interface Section {
  id: string;
  name: string;
  Icon: ComponentType<{ className?: string; "aria-hidden"?: boolean }>;
  Content: ComponentType;
}

const SECTIONS: readonly [Section, ...Section[]] = [
  { id: "appearance", name: "Appearance", Icon: Palette, Content: AppearanceSettings },
  { id: "region", name: "Language and time", Icon: Globe, Content: RegionSettings },
  { id: "reminders", name: "Reminders", Icon: Bell, Content: ReminderSettings },
  { id: "account", name: "Account", Icon: UserRound, Content: AccountSettings },
  { id: "sessions", name: "Sessions", Icon: MonitorSmartphone, Content: SessionSettings },
  { id: "tokens", name: "Access tokens", Icon: KeyRound, Content: TokenSettings },
  {
    id: "transfer",
    name: "Import and export",
    Icon: ArrowLeftRight,
    Content: TransferSettings,
  },
  { id: "data", name: "Your data", Icon: Download, Content: DataSettings },
];

export interface SettingsDialogProps {
  /** The ID of a section; the first one by default. */
  initialSection?: string | undefined;
  onClose: () => void;
}

/** All settings, and sign-out. */
export function SettingsDialog({ initialSection, onClose }: SettingsDialogProps) {
  const [section, setSection] = useState<Section>(
    SECTIONS.find(({ id }) => id === initialSection) ?? SECTIONS[0],
  );
  const signOut = useAuthStore((state) => state.signOut);
  const user = useAuthStore((state) => state.user);
  const signOutOrShowError = () => signOut().catch((error: unknown) => showError(messageOf(error)));
  return (
    <Dialog title="Settings" onClose={onClose} className="max-w-3xl">
      <div className="sm:grid sm:h-[32rem] sm:max-h-[calc(90dvh-4rem)] sm:grid-cols-[13.5rem_minmax(0,1fr)]">
        <nav
          aria-label="Settings"
          className="flex gap-1 overflow-x-auto border-b p-2 sm:flex-col sm:overflow-visible sm:border-r sm:border-b-0 sm:p-3"
        >
          {SECTIONS.map((each) => (
            <button
              key={each.id}
              type="button"
              aria-current={each === section ? "true" : undefined}
              onClick={() => setSection(each)}
              className={cn(
                "flex h-9 shrink-0 items-center pointer-coarse:h-11 gap-2 rounded-md px-3 text-left text-sm",
                each === section
                  ? "bg-accent font-medium text-accent-foreground"
                  : "text-muted-foreground hover:bg-accent/60 hover:text-foreground",
              )}
            >
              <each.Icon aria-hidden className="h-4 w-4 shrink-0" />
              {each.name}
            </button>
          ))}
          <Button
            variant="ghost"
            size="sm"
            onClick={signOutOrShowError}
            className="h-9 justify-start px-3 text-sm font-normal text-muted-foreground sm:mt-auto"
          >
            <LogOut aria-hidden className="h-4 w-4" />
            Sign out
          </Button>
        </nav>
        <div className="min-h-[60dvh] overflow-y-auto p-5 sm:min-h-0">
          <h3 className="mb-4 text-base font-semibold">{section.name}</h3>
          {/* Another user, as after sign-in from another tab, gets new fields. */}
          <section.Content key={user?.id} />
        </div>
      </div>
    </Dialog>
  );
}
