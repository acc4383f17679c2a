"use client";
import { Dialog } from "@/components/ui/dialog";
export function SettingsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Settings" onClose={onClose}>
      …
    </Dialog>
  );
}
