"use client";

import { MessageSquare, Moon, Settings, Sun } from "lucide-react";
import Link from "next/link";
import { useTheme } from "next-themes";
import { useEffect, useState } from "react";
import { Brand } from "@/components/layout/Brand";
import { SettingsDialog } from "@/components/settings/SettingsDialog";
import { Button, buttonVariants } from "@/components/ui/button";
import { takeQueryParameter } from "@/lib/queryParameter";
import { cn } from "@/lib/utils";

/** The header of the task page. */
export function SiteHeader() {
  const [isSettingsOpen, setIsSettingsOpen] = useState(false);
  const [linkedSection, setLinkedSection] = useState<string>();
  const { resolvedTheme, setTheme } = useTheme();
  useEffect(() => {
    const section = takeQueryParameter("settings"); // e-mails link to it
    if (section === null) return;
    setLinkedSection(section);
    setIsSettingsOpen(true);
  }, []);
  const isDark = resolvedTheme === "dark";
  return (
    <header className="sticky top-0 z-30 border-b pt-[env(safe-area-inset-top)] bg-background/90 backdrop-blur">
      <div className="mx-auto flex h-14 max-w-5xl items-center gap-1 px-4">
        <Brand className="mr-auto" />
        <Link href="/chat" className={cn(buttonVariants({ variant: "ghost", size: "sm" }), "h-9")}>
          <MessageSquare aria-hidden className="h-4 w-4" />
          Chat
        </Link>
        <Button
          variant="ghost"
          size="icon"
          aria-label={isDark ? "Use light colours" : "Use dark colours"}
          onClick={() => setTheme(isDark ? "light" : "dark")}
        >
          {isDark ? (
            <Sun aria-hidden className="h-4 w-4" />
          ) : (
            <Moon aria-hidden className="h-4 w-4" />
          )}
        </Button>
        <Button
          variant="ghost"
          size="icon"
          aria-label="Settings"
          onClick={() => setIsSettingsOpen(true)}
        >
          <Settings aria-hidden className="h-4 w-4" />
        </Button>
      </div>
      {isSettingsOpen ? (
        <SettingsDialog
          initialSection={linkedSection}
          onClose={() => {
            setLinkedSection(undefined);
            setIsSettingsOpen(false);
          }}
        />
      ) : null}
    </header>
  );
}
