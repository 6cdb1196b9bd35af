/** A list of what the owner has added: goals, funnels, links, tokens. Each item has a name, a description and a way to remove it. */
import type { ComponentChildren } from 'preact';
import { Confirm } from './forms.tsx';
import { Text } from './ui.tsx';

interface Props<Item> {
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly nameOf: (item: Item) => string;
  /** What stands below the name. */
  readonly describe: (item: Item) => ComponentChildren;
  /** The button's label. */
  readonly removeLabel: string;
  /** The label of the button that confirms, which names what goes. */
  readonly confirmLabel: (item: Item) => string;
  readonly remove: (item: Item) => void;
  /** Shown in place of an empty list. */
  readonly empty: ComponentChildren;
}

export function ItemList<Item>({
  items,
  keyOf,
  nameOf,
  describe,
  removeLabel,
  confirmLabel,
  remove,
  empty,
}: Props<Item>) {
  if (items.length === 0) return <>{empty}</>;
  return (
    <ul class="items">
      {items.map((item) => (
        <li key={keyOf(item)}>
          <span class="grow">
            <b>
              <Text>{nameOf(item)}</Text>
            </b>
            {describe(item)}
          </span>
          <Confirm label={removeLabel} confirm={confirmLabel(item)} act={() => remove(item)} />
        </li>
      ))}
    </ul>
  );
}
