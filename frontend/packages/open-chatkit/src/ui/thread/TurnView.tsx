import { useComputed } from "@preact/signals";
import { Boundary } from "../common/Boundary";
import { useT, useUi } from "../context";
import { ItemView } from "../items/ItemView";
import { memo } from "../markdown/memo";
import { TurnActions } from "./TurnActions";
import { stopText, type Turn } from "./turns";

function sameTurn(
  before: { turn: Turn; last: boolean },
  after: { turn: Turn; last: boolean },
): boolean {
  const [a, b] = [before.turn.itemIds, after.turn.itemIds];
  return (
    before.last === after.last && a.length === b.length && a.every((id, index) => id === b[index])
  );
}

/** A line below a response that was cancelled, by the user or for another reason. */
function Stopped({ itemIds }: { itemIds: readonly string[] }) {
  const { chat } = useUi();
  const t = useT();
  const text = useComputed(() => stopText(chat, itemIds)).value;
  return text === null ? null : (
    <p class="stopped" part="stopped">
      {t(text)}
    </p>
  );
}

/** A message and its response. Turns outside the viewport cost no layout or paint. */
export const TurnView = memo(
  ({ turn, last }: { turn: Turn; last: boolean }) => (
    <section class={`turn ${last ? "last" : ""}`} data-turn={turn.id}>
      {turn.itemIds.map((id) => (
        <ItemView key={id} id={id} />
      ))}
      <Stopped key={turn.itemIds.at(-1)} itemIds={turn.itemIds} />
      <Boundary of={turn} part="turn_actions" fallback={null}>
        <TurnActions turn={turn} last={last} />
      </Boundary>
    </section>
  ),
  sameTurn,
);
