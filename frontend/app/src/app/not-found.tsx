import Link from "next/link";
import { Brand } from "@/components/layout/Brand";
import { buttonVariants } from "@/components/ui/button";

export default function NotFound() {
  return (
    <main className="grid min-h-dvh place-items-center px-6">
      <div className="grid max-w-sm justify-items-center gap-3 text-center">
        <Brand />
        <h1 className="mt-4 text-2xl font-semibold">Nothing here</h1>
        <p className="text-sm text-muted-foreground">
          This address leads nowhere. It may have been typed wrongly, or the page has moved.
        </p>
        <Link href="/" className={buttonVariants()}>
          To your tasks
        </Link>
      </div>
    </main>
  );
}
