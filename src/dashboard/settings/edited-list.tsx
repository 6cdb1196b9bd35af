/** Goals and funnels: a list with a form for each item that is edited, one for a new item, and a question before one is removed. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useSubmission } from '../forms.tsx';
import { ErrorMessage, Text } from '../ui.tsx';
import { type DraftOf, draftsOf, useDraft } from './drafts.ts';
import { inOrder, OrderedList, useOrder } from './ordered-list.tsx';
import { type Change, type SettingsProps, save } from './save.ts';

interface Named {
  readonly name: string;
}

export interface FormProps<Fields> {
  readonly draft: DraftOf<Fields>;
  /** The text of the button. */
  readonly button: string;
  readonly submit: () => Promise<string>;
  /** Closes the form; null for the form of a new item, which is always open. */
  readonly cancel: (() => void) | null;
}

interface Props<Item extends Named, Fields extends Named> {
  readonly title: string;
  /** What an item is called, such as `goal`. */
  readonly word: string;
  readonly settings: SettingsProps;
  readonly itemsOf: (pixel: SettingsProps['pixel']) => readonly Item[];
  /** The change of a pixel that replaces the list. @param renamed the former and the new name of an item. */
  readonly changeOf: (
    pixel: SettingsProps['pixel'],
    items: readonly Item[],
    renamed: readonly [from: string, to: string] | null,
  ) => Change;
  readonly describe: (item: Item) => string;
  readonly fieldsOf: (item: Item) => Fields;
  readonly noFields: Fields;
  readonly itemOf: (fields: Fields) => Item;
  readonly form: (props: FormProps<Fields>) => ComponentChildren;
  /** What else is removed with an item, and what the reader should know before; null: nothing. */
  readonly removal?: (name: string) => { readonly warning: string; readonly also: string } | null;
  readonly removedFrom?: (pixel: SettingsProps['pixel'], name: string) => Change;
  readonly empty: ComponentChildren;
  /** Whether items can be added. */
  readonly mayAdd: boolean;
}

export function EditedList<Item extends Named, Fields extends Named>(props: Props<Item, Fields>) {
  const { title, word, settings, itemsOf, changeOf, describe, removal, removedFrom, empty, mayAdd } = props;
  const items = itemsOf(settings.pixel);
  const [editing, edit] = useState<readonly string[]>([]);
  const [removing, askToRemove] = useState('');
  const { failure, send } = useSubmission();
  const [names, reorder] = useOrder(
    items.map(({ name }) => name),
    (order) =>
      send(() =>
        save(settings, (latest) =>
          changeOf(
            latest,
            inOrder(itemsOf(latest), order, ({ name }) => name),
            null,
          ),
        ),
      ),
  );
  const find = (name: string): Item | undefined => items.find((one) => one.name === name);
  const drafts = draftsOf(draftKey(props, ''));
  const isEdited = (name: string): boolean => editing.includes(name) || drafts.includes(name);
  const section = useRef<HTMLElement>(null);
  /** The selector of what takes the focus as soon as it is there: what had it has gone. */
  const next = useRef('');
  useLayoutEffect(() => {
    const element = next.current === '' ? null : section.current?.querySelector<HTMLElement>(next.current);
    if (!element) return;
    next.current = '';
    element.focus();
  });
  const buttonOf = (what: string, name: string): string => `[aria-label="${CSS.escape(`${what} ${name}`)}"]`;
  /** @param now the name that the item has now. */
  const close = (name: string, now: string): void => {
    next.current = buttonOf('Edit', now);
    edit(editing.filter((one) => one !== name));
  };
  const remove = (name: string): Promise<string> =>
    save(settings, (latest) =>
      removedFrom
        ? removedFrom(latest, name)
        : changeOf(
            latest,
            itemsOf(latest).filter((one) => one.name !== name),
            null,
          ),
    );
  const instead = (name: string): ComponentChildren | null => {
    const item = find(name);
    if (item && isEdited(name)) {
      return (
        <div class="grow" data-edited>
          <ItemForm {...props} former={name} close={(now) => close(name, now)} />
        </div>
      );
    }
    if (removing !== name) return null;
    const more = removal?.(name);
    return (
      <div class="grow" role="alert">
        {more && <p class="anywhere">{more.warning}</p>}
        <span class="confirm">
          <button
            type="button"
            class="danger"
            onClick={() => {
              askToRemove('');
              next.current = 'h2';
              void send(() => remove(name));
            }}
          >
            Remove the {word}
            {more && ` ${more.also}`}
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              next.current = buttonOf('Remove', name);
              askToRemove('');
            }}
          >
            Keep it
          </button>
        </span>
      </div>
    );
  };
  return (
    <section class="block" ref={section}>
      <h2 tabIndex={-1}>{title}</h2>
      {items.length === 0 ? (
        empty
      ) : (
        <OrderedList
          ids={names}
          reorder={reorder}
          describe={(name) => {
            const item = find(name);
            return item && <Text class="muted wrap">{describe(item)}</Text>;
          }}
          instead={instead}
          actions={(name) => (
            <>
              <button
                type="button"
                class="quiet"
                aria-label={`Edit ${name}`}
                onClick={() => {
                  next.current = '[data-edited] input';
                  edit([...editing, name]);
                }}
              >
                Edit
              </button>
              <button
                type="button"
                class="quiet"
                aria-label={`Remove ${name}`}
                onClick={() => {
                  next.current = '.confirm .quiet';
                  askToRemove(name);
                }}
              >
                Remove
              </button>
            </>
          )}
        />
      )}
      {failure && <ErrorMessage failure={failure} />}
      {drafts
        // Edited here, and removed or renamed in another tab or by somebody else.
        .filter((name) => name !== '' && !find(name))
        .map((name) => (
          <ItemForm key={name} {...props} former={name} close={(now) => close(name, now)} />
        ))}
      {mayAdd && <ItemForm {...props} former="" close={null} />}
    </section>
  );
}

interface ItemFormProps<Item extends Named, Fields extends Named> extends Props<Item, Fields> {
  /** The name that the item has; empty for a new one. */
  readonly former: string;
  readonly close: ((now: string) => void) | null;
}

const draftKey = (
  { settings, word }: { readonly settings: SettingsProps; readonly word: string },
  name: string,
): string => `${settings.pixel.id} ${word} ${name}`;

/** The form of one item. What is typed into it is a draft until it is saved. */
function ItemForm<Item extends Named, Fields extends Named>(props: ItemFormProps<Item, Fields>) {
  const { word, settings, itemsOf, changeOf, describe, fieldsOf, noFields, itemOf, form, former, close } =
    props;
  const storedIn = (items: readonly Item[]): Item | undefined => items.find(({ name }) => name === former);
  const item = storedIn(itemsOf(settings.pixel));
  const draft = useDraft(draftKey(props, former), item ? fieldsOf(item) : { ...noFields, name: former });
  const submit = async (): Promise<string> => {
    const next = itemOf(draft.value);
    const message = await save(settings, (latest) => {
      const items = itemsOf(latest);
      const stored = storedIn(items);
      if (!stored) return changeOf(latest, [...items, next], null);
      draft.rebase(fieldsOf(stored), () => `It is now: ${describe(stored)}.`);
      return changeOf(
        latest,
        items.map((one) => (one === stored ? next : one)),
        next.name === former ? null : [former, next.name],
      );
    });
    draft.discard();
    close?.(next.name);
    return message;
  };
  const cancel =
    close &&
    ((): void => {
      draft.discard();
      close(former);
    });
  return <>{form({ draft, button: item ? 'Save' : `Add the ${word}`, submit, cancel })}</>;
}
