import { Boundary } from "../common/Boundary";
import { ItemView } from "../items/ItemView";
import { memo } from "../markdown/memo";
import { TurnActions } from "./TurnActions";
import type { Turn } from "./turns";

function sameTurn(
  before: { turn: Turn; last: boolean },
  after: { turn: Turn; last: boolean },
): boolean {
  const [a, b] = [before.turn.itemIds, after.turn.itemIds];
  return (
    before.last === after.last && a.length === b.length && a.every((id, index) => id === b[index])
  );
}

/** A message and its response. Turns outside the viewport cost no layout or paint. */
export const TurnView = memo(
  ({ turn, last }: { turn: Turn; last: boolean }) => (
    <section class={`turn ${last ? "last" : ""}`} data-turn={turn.id}>
      {turn.itemIds.map((id) => (
        <ItemView key={id} id={id} />
      ))}
      <Boundary of={turn} part="turn_actions" fallback={null}>
        <TurnActions turn={turn} last={last} />
      </Boundary>
    </section>
  ),
  sameTurn,
);
