"use client";

import { usePathname, useRouter } from "next/navigation";
import { type ReactNode, useEffect } from "react";
import { PageSkeleton } from "@/components/layout/PageSkeleton";
import { UnreachableScreen } from "@/components/layout/UnreachableScreen";
import { forgetPage, isOpenPage, needsSignIn, pageAskedFor, rememberPage } from "@/lib/returnTo";
import { useAuthStore } from "@/stores/authStore";

/**
 * Shows pages only once it is known who is there, so that a page may take `isAuthenticated` at its
 * word: a reload never looks like a sign-out.
 */
export function AuthGate({ children }: { children: ReactNode }) {
  const pathname = usePathname();
  const router = useRouter();
  const status = useAuthStore((state) => state.status);
  const reason = useAuthStore((state) => state.signedOutReason);
  const start = useAuthStore((state) => state.start);

  useEffect(() => void start(), [start]);

  const isBarred = status === "signed-out" && needsSignIn(pathname);
  const isDone = status === "signed-in" && isOpenPage(pathname);

  useEffect(() => {
    if (isBarred) {
      if (reason === "chosen") forgetPage();
      else rememberPage(pathname + window.location.search);
      router.replace("/login");
    } else if (isDone) {
      const page = pageAskedFor();
      forgetPage();
      router.replace(page);
    }
  }, [isBarred, isDone, reason, pathname, router]);

  if (status === "unreachable") return <UnreachableScreen />;
  if (status === "starting" || isBarred || isDone) return <PageSkeleton pathname={pathname} />;
  return children;
}
