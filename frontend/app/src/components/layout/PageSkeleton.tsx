import { Skeleton } from "@/components/ui/skeleton";
import { isAuthPage } from "@/lib/returnTo";

/** A placeholder for the page until the session is restored. */
export function PageSkeleton({ pathname }: { pathname: string }) {
  return (
    <div role="status" className="min-h-dvh">
      <span className="sr-only">Loading</span>
      {isAuthPage(pathname) ? <FormSkeleton /> : <ListSkeleton />}
    </div>
  );
}

function FormSkeleton() {
  return (
    <div className="mx-auto grid max-w-sm gap-4 px-4 py-20">
      <Skeleton className="h-9 w-40" />
      <Skeleton className="h-5 w-56" />
      <Skeleton className="mt-4 h-10" />
      <Skeleton className="h-10" />
      <Skeleton className="h-10" />
    </div>
  );
}

function ListSkeleton() {
  return (
    <>
      <div className="flex h-14 items-center border-b px-4">
        <Skeleton className="h-6 w-28" />
      </div>
      <div className="mx-auto grid max-w-3xl gap-3 px-4 py-8">
        <Skeleton className="h-11" />
        {["a", "b", "c", "d"].map((row) => (
          <Skeleton key={row} className="h-12" />
        ))}
      </div>
    </>
  );
}
