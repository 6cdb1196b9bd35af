import { useState } from 'preact/hooks';
import type { Funnel } from '../api.ts';
import { count } from '../format.ts';
import { Choice, Form, Input, useSubmission } from '../forms.tsx';
import { ItemList } from '../item-list.tsx';
import { Empty, Text } from '../ui.tsx';
import { type SettingsProps, save } from './save.ts';

const MAX_STEPS = 8;

function funnelText({ steps, within }: Funnel): string {
  return `${steps.join(' → ')}, within ${within === 'visit' ? 'a visit' : `${count(within.hours)} hours`}`;
}

export function Funnels(props: SettingsProps) {
  const { goals, funnels } = props.pixel.settings;
  const [name, setName] = useState('');
  const [steps, setSteps] = useState<readonly string[]>([]);
  const [hours, setHours] = useState('');
  const submission = useSubmission();
  const store = (next: readonly Funnel[]): Promise<string> => save(props, { settings: { funnels: next } });
  const add = async (): Promise<string> => {
    const within = hours === '' ? 'visit' : { hours: Number(hours) };
    const message = await store([...funnels, { name, steps, within }]);
    setName('');
    setSteps([]);
    setHours('');
    return message;
  };
  return (
    <Form
      kind="block"
      submission={submission}
      submit={add}
      button="Add the funnel"
      disabled={steps.length < 2}
    >
      <h2>Funnels</h2>
      <ItemList
        items={funnels}
        keyOf={({ name: one }) => one}
        nameOf={({ name: one }) => one}
        describe={(funnel) => <Text class="muted wrap">{funnelText(funnel)}</Text>}
        removeLabel="Remove"
        confirmLabel={() => 'Remove the funnel'}
        remove={(funnel) => void submission.send(() => store(funnels.filter((one) => one !== funnel)))}
        empty={
          <Empty title="No funnel yet">
            {goals.length < 2
              ? 'A funnel needs two goals. Add them first.'
              : 'A funnel is a sequence of two to eight goals. Choose the first step.'}
          </Empty>
        }
      />
      {goals.length >= 2 && (
        <>
          <div class="row fill">
            <Input label="Name of the funnel" required value={name} set={setName} />
            <Input
              label="Within hours"
              hint="Leave empty for one visit"
              type="number"
              min={1}
              value={hours}
              set={setHours}
            />
          </div>
          {steps.length < MAX_STEPS && (
            <Choice
              label={steps.length === 0 ? 'First step' : 'Next step'}
              options={[['', 'Choose a goal'], ...goals.map((goal) => [goal.name, goal.name] as const)]}
              value=""
              set={(step) => step !== '' && setSteps([...steps, step])}
            />
          )}
          {steps.length > 0 && (
            <p>
              <Text class="wrap">{steps.join(' → ')}</Text>{' '}
              <button type="button" class="quiet" onClick={() => setSteps(steps.slice(0, -1))}>
                Remove the last step
              </button>
            </p>
          )}
        </>
      )}
    </Form>
  );
}
