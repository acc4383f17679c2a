"use client";

import { usePathname, useRouter } from "next/navigation";
import { type ReactNode, useEffect } from "react";
import { PageSkeleton } from "@/components/layout/PageSkeleton";
import { UnreachableScreen } from "@/components/layout/UnreachableScreen";
import { forgetPage, isAuthPage, needsSignIn, rememberPage, requestedPage } from "@/lib/returnTo";
import { useAuthStore } from "@/stores/authStore";

/**
 * Renders pages only after the session has been restored, so that pages can rely on
 * `isAuthenticated`: a reload never looks like a sign-out.
 */
export function AuthGate({ children }: { children: ReactNode }) {
  const pathname = usePathname();
  const router = useRouter();
  const status = useAuthStore((state) => state.status);
  const reason = useAuthStore((state) => state.signedOutReason);
  const restoreSession = useAuthStore((state) => state.restoreSession);

  useEffect(() => void restoreSession(), [restoreSession]);

  const needsLogin = status === "signed-out" && needsSignIn(pathname);
  const hasSignedIn = status === "signed-in" && isAuthPage(pathname);

  useEffect(() => {
    if (needsLogin) {
      if (reason === "chosen") forgetPage();
      else rememberPage(pathname + window.location.search);
      router.replace("/login");
    } else if (hasSignedIn) {
      const page = requestedPage();
      forgetPage();
      router.replace(page);
    }
  }, [needsLogin, hasSignedIn, reason, pathname, router]);

  if (status === "unreachable") return <UnreachableScreen />;
  if (status === "starting" || needsLogin || hasSignedIn)
    return <PageSkeleton pathname={pathname} />;
  return children;
}
