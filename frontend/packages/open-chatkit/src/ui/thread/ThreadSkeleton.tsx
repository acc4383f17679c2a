import { useT } from "../context";

/** Grey lines in the place of a thread that is being loaded. */
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
