import { useT } from "../context";

/** Placeholder lines for a thread that is loading. */
export function ThreadSkeleton() {
  const t = useT();
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">{t("loading")}</span>
      <i class="own" />
      <i />
      <i />
      <i class="short" />
    </div>
  );
}
