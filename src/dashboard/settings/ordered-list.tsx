/** A list whose items are edited, reordered and removed in place: goals, funnels, the steps of a funnel. */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Text } from '../ui.tsx';

interface Props {
  /** Texts that identify the items, in order. */
  readonly ids: readonly string[];
  /** An item's name; left out: its id. */
  readonly nameOf?: (id: string) => string;
  /** What stands below a name. */
  readonly describe?: (id: string) => ComponentChildren;
  readonly reorder: (ids: readonly string[]) => void;
  /** The buttons of an item besides those that move it. */
  readonly actions: (id: string) => ComponentChildren;
  /** What takes an item's place while it is edited or removed; null: the item itself is shown. */
  readonly instead?: (id: string) => ComponentChildren | null;
}

export function OrderedList({ ids, nameOf = String, describe, reorder, actions, instead }: Props) {
  const [message, setMessage] = useState('');
  const list = useId();
  const pressed = useRef<string | null>(null);
  // A browser takes the focus away from an element that it moves.
  useLayoutEffect(() => {
    if (pressed.current !== null) document.getElementById(pressed.current)?.focus();
    pressed.current = null;
  }, [ids.join('\n')]);
  const move = (from: number, by: number, button: string): void => {
    const to = from + by;
    const id = ids[from];
    if (id === undefined || to < 0 || to >= ids.length) return;
    pressed.current = button;
    reorder(ids.toSpliced(from, 1).toSpliced(to, 0, id));
    setMessage(`${nameOf(id)} is now ${to + 1} of ${ids.length}.`);
  };
  return (
    <>
      <ol class="items">
        {ids.map((id, index) => {
          const name = nameOf(id);
          const replacement = instead?.(id) ?? null;
          return (
            <li key={id}>
              {replacement ?? (
                <>
                  <span class="grow">
                    <b>
                      <Text>{name}</Text>
                    </b>
                    {describe?.(id)}
                  </span>
                  <span class="actions">
                    {MOVES.map(({ sign, by, word }) => {
                      const button = `${list}${word}${id}`;
                      return (
                        <button
                          key={word}
                          id={button}
                          type="button"
                          class="quiet"
                          // Stays focusable: the focus is on it when an item arrives at an end.
                          aria-disabled={index + by < 0 || index + by >= ids.length}
                          aria-label={`Move ${name} ${word}`}
                          onClick={() => move(index, by, button)}
                        >
                          {sign}
                        </button>
                      );
                    })}
                    {actions(id)}
                  </span>
                </>
              )}
            </li>
          );
        })}
      </ol>
      <p class="hidden" role="status">
        {message}
      </p>
    </>
  );
}

const MOVES = [
  { sign: '↑', by: -1, word: 'up' },
  { sign: '↓', by: 1, word: 'down' },
] as const;

/**
 * An order that is shown at once and saved in the background. If the reader changes it again meanwhile, only the last order is saved.
 *
 * @param names in the order that is stored.
 * @param save stores an order. It does not throw.
 */
export function useOrder(
  names: readonly string[],
  save: (order: readonly string[]) => Promise<void>,
): [order: readonly string[], set: (order: readonly string[]) => void] {
  const [shown, show] = useState<readonly string[] | null>(null);
  const latestSave = useRef(save);
  latestSave.current = save;
  const wanted = useRef<readonly string[] | null>(null);
  const isSaving = useRef(false);
  const set = async (order: readonly string[]): Promise<void> => {
    show(order);
    wanted.current = order;
    if (isSaving.current) return;
    isSaving.current = true;
    while (wanted.current) {
      const next: readonly string[] = wanted.current;
      wanted.current = null;
      await latestSave.current(next);
    }
    isSaving.current = false;
    show(null);
  };
  return [shown ? inOrder(names, shown, String) : names, (order) => void set(order)];
}

/** Items in the order of their names. Items that the order does not name come last, as they are. */
export function inOrder<Item>(
  items: readonly Item[],
  order: readonly string[],
  nameOf: (item: Item) => string,
): readonly Item[] {
  const place = (item: Item): number => (order.indexOf(nameOf(item)) + order.length + 1) % (order.length + 1);
  return items.toSorted((one, other) => place(one) - place(other));
}
