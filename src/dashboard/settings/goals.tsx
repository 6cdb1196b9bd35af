import { useState } from 'preact/hooks';
import { readablePage } from '../../model/text/readable.ts';
import type { Goal } from '../api.ts';
import { Choice, Form, Input, useSubmission } from '../forms.tsx';
import { ItemList } from '../item-list.tsx';
import { Empty, Text } from '../ui.tsx';
import { type SettingsProps, save } from './save.ts';

/** The ways to reach a goal. */
const KINDS = {
  event: { name: 'an event', label: 'Event', example: 'Signup' },
  page: { name: 'a page', label: 'Page', example: '/blog/*' },
  property: { name: 'a property', label: 'Property', example: 'plan' },
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
  const submission = useSubmission();
  const store = (next: readonly Goal[]): Promise<string> => save(props, { settings: { goals: next } });
  const add = async (): Promise<string> => {
    const message = await store([
      ...goals,
      { name, [kind]: what, ...(kind === 'property' ? { value } : {}) },
    ]);
    setName('');
    setWhat('');
    setValue('');
    return message;
  };
  return (
    <Form kind="block" submission={submission} submit={add} button="Add the goal">
      <h2>Goals</h2>
      <ItemList
        items={goals}
        keyOf={({ name: one }) => one}
        nameOf={({ name: one }) => one}
        describe={(goal) => <Text class="muted wrap">{goalText(goal)}</Text>}
        removeLabel="Remove"
        confirmLabel={() => 'Remove the goal'}
        remove={(goal) => void submission.send(() => store(goals.filter((one) => one !== goal)))}
        empty={
          <Empty title="No goal yet">
            Name an action that you want visitors to take, and choose what shows it.
          </Empty>
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
        <Input
          label={KINDS[kind].label}
          required
          placeholder={KINDS[kind].example}
          value={what}
          set={setWhat}
        />
        {kind === 'property' && <Input label="Its value" required value={value} set={setValue} />}
      </div>
    </Form>
  );
}
