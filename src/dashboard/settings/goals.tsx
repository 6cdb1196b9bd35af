import { useState } from 'preact/hooks';
import { readablePage } from '../../model/text/readable.ts';
import type { Goal } from '../api.ts';
import { Choice, Form, Input, useSending } from '../forms.tsx';
import { ItemList } from '../item-list.tsx';
import { Empty, Text } from '../ui.tsx';
import { type SettingsProps, save } from './save.ts';

/** How a goal can be reached. */
const KINDS = {
  event: { name: 'an event', asks: 'Event', such: 'Signup' },
  page: { name: 'a page', asks: 'Page', such: '/blog/*' },
  property: { name: 'a property', asks: 'Property', such: 'plan' },
} as const;
type Kind = keyof typeof KINDS;

function goalText({ event, page, property, value }: Goal): string {
  if (event !== undefined) return `the event ${event}`;
  return page === undefined ? `${property} is ${value}` : `a view of ${readablePage(page)}`;
}

export function Goals(props: SettingsProps) {
  const { goals } = props.pixel.settings;
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('event');
  const [what, setWhat] = useState('');
  const [value, setValue] = useState('');
  const sending = useSending();
  const put = (next: readonly Goal[]): Promise<string> => save(props, { settings: { goals: next } });
  const add = async (): Promise<string> => {
    const said = await put([...goals, { name, [kind]: what, ...(kind === 'property' ? { value } : {}) }]);
    setName('');
    setWhat('');
    setValue('');
    return said;
  };
  return (
    <Form kind="block" sending={sending} submit={add} button="Add the goal">
      <h2>Goals</h2>
      <ItemList
        items={goals}
        keyOf={({ name: one }) => one}
        nameOf={({ name: one }) => one}
        describe={(goal) => <Text class="muted whole">{goalText(goal)}</Text>}
        removeLabel="Remove"
        confirmLabel={() => 'Remove the goal'}
        remove={(goal) => void sending.send(() => put(goals.filter((one) => one !== goal)))}
        empty={
          <Empty title="No goal yet">What do you want people to do? Name it, and say what shows it.</Empty>
        }
      />
      <div class="row fill">
        <Input label="Name of the goal" required value={name} set={setName} />
        <Choice
          label="Reached by"
          options={Object.entries(KINDS).map(([one, about]) => [one, about.name])}
          value={kind}
          set={(one) => setKind(one as Kind)}
        />
        <Input label={KINDS[kind].asks} required placeholder={KINDS[kind].such} value={what} set={setWhat} />
        {kind === 'property' && <Input label="Its value" required value={value} set={setValue} />}
      </div>
    </Form>
  );
}
