/** The form of a destination, new or not. What is typed into it is a draft until it is saved. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { DestinationMode } from '../../model/destination.ts';
import type { DestinationJson, NetworkFieldJson, NetworkJson } from '../../model/relay-json.ts';
import { call, Failure, request } from '../api.ts';
import { dayName } from '../format.ts';
import { Choice, Form, Input, useSubmission } from '../forms.tsx';
import { go } from '../hooks.ts';
import { type DraftOf, discardDrafts, useDraft } from '../settings/drafts.ts';
import { UnsavedChanges } from '../settings/unsaved.tsx';
import { Heading } from '../ui.tsx';
import { Conditions, RelayAttribute } from './conditions.tsx';
import {
  bodyOf,
  type DestinationFields,
  errorsOf,
  type FieldErrors,
  fieldsOf,
  newFields,
  pathsOf,
} from './fields.ts';
import { testMeaning } from './health.ts';
import type { PageProps } from './page-props.ts';
import { RulesTable } from './rules-table.tsx';

interface NewProps extends PageProps {
  /** The name of the chosen network; null: none is chosen yet. */
  readonly network: string | null;
  readonly networks: readonly NetworkJson[];
}

/** A new destination: first its network is chosen, then the form is that network's. */
export function NewDestination({ network: name, networks, ...props }: NewProps) {
  const network = networks.find((one) => one.name === name);
  return (
    <div class="view">
      <UnsavedChanges />
      <Heading>Add a destination</Heading>
      <NetworkChoice
        networks={networks}
        value={name}
        choose={(one) => {
          discardDrafts();
          go(props.hrefOf({ at: 'new', network: one }), 'replace');
        }}
      />
      {network && <DestinationForm key={network.name} {...props} network={network} destination={null} />}
    </div>
  );
}

interface EditProps extends PageProps {
  readonly network: NetworkJson;
  readonly destination: DestinationJson;
}

/** A destination that is changed. */
export function EditedDestination(props: EditProps) {
  return (
    <div class="view">
      <UnsavedChanges />
      <Heading>Edit {props.destination.name}</Heading>
      <DestinationForm {...props} />
    </div>
  );
}

interface Props extends PageProps {
  readonly network: NetworkJson;
  /** Null: a new one. */
  readonly destination: DestinationJson | null;
}

const LABELS: Readonly<Record<keyof DestinationFields, string>> = {
  network: 'Network',
  name: 'Name',
  account: 'Account',
  secret: 'Secret',
  settings: 'Settings',
  rules: 'Events',
  mode: 'Mode',
  test_code: 'Test code',
  isOn: 'On',
};

function DestinationForm({ pixel, hrefOf, reload, network, destination }: Props) {
  const draft = useDraft<DestinationFields>(
    `${pixel.id} destination ${destination?.id ?? network.name}`,
    destination ? fieldsOf(destination) : newFields(network),
  );
  const { value: fields, set } = draft;
  const submission = useSubmission();
  const errors = errorsOf(submission.failure?.errors ?? [], pathsOf(network, fields));
  const form = useRef<HTMLDivElement>(null);
  // The first field that is wrong takes the focus; else the button, which could not have it while it was disabled.
  useLayoutEffect(() => {
    if (submission.failure === null || submission.busy) return;
    const first = errors.at.size > 0 ? '[aria-invalid]' : '[type=submit]';
    form.current?.querySelector<HTMLElement>(first)?.focus();
  }, [submission.failure, submission.busy]);
  const submit = async (): Promise<undefined> => {
    const path = `/api/v1/pixels/${pixel.id}/destinations`;
    const saved = destination
      ? await change(`${path}/${destination.id}`, destination, draft)
      : await call<DestinationJson>('POST', path, bodyOf(fields));
    draft.discard();
    reload();
    go(hrefOf({ at: 'destination', destination: saved.id, state: null }));
  };
  const back = hrefOf(
    destination ? { at: 'destination', destination: destination.id, state: null } : { at: 'list' },
  );
  return (
    <div class="view" ref={form}>
      <Form
        kind="block"
        submission={{ ...submission, failure: restOf(submission.failure, errors) }}
        submit={submit}
        button={destination ? 'Save' : `Add ${network.title}`}
        cancel={() => {
          draft.discard();
          go(back);
        }}
      >
        <div class="columns">
          <div>
            <Access
              network={network}
              fields={fields}
              set={set}
              errors={errors}
              secretSince={destination?.secret_at ?? null}
            />
            <Mode network={network} fields={fields} set={set} errors={errors} />
          </div>
          <div>
            <RulesTable
              pixel={pixel}
              network={network}
              rules={fields.rules}
              set={(rules) => set({ rules })}
              errors={errors.at}
            />
            <RelayAttribute pixel={pixel} title={network.title} />
            <Conditions pixel={pixel} />
          </div>
        </div>
      </Form>
    </div>
  );
}

/** A failure without what is shown at the fields. */
function restOf(failure: Failure | null, { at, others }: FieldErrors): Failure | null {
  if (failure === null || at.size === 0) return failure;
  return others.length === 0 ? null : new Failure(failure.status, { errors: others });
}

/**
 * Sends what was changed. Nobody else's change is undone: if somebody has changed the same field meanwhile, the reader is told.
 * @throws Failure
 */
async function change(
  path: string,
  destination: DestinationJson,
  draft: DraftOf<DestinationFields>,
): Promise<DestinationJson> {
  const send = async ({ etag }: DestinationJson): Promise<DestinationJson> => {
    const response = await request('PATCH', path, bodyOf(draft.changes), {
      headers: { 'if-match': `"${etag}"` },
    });
    return (await response.json()) as DestinationJson;
  };
  try {
    return await send(destination);
  } catch (error) {
    if (!(error instanceof Failure && error.reason === 'precondition_failed')) throw error;
    const latest = await call<DestinationJson>('GET', path);
    draft.rebase(fieldsOf(latest), (field) => `“${LABELS[field]}” is another one now.`);
    return await send(latest);
  }
}

interface NetworkChoiceProps {
  readonly networks: readonly NetworkJson[];
  /** The name of the chosen one. */
  readonly value: string | null;
  readonly choose: (name: string) => void;
}

function NetworkChoice({ networks, value, choose }: NetworkChoiceProps) {
  return (
    <div class="block" role="radiogroup" aria-labelledby="network">
      <h2 id="network">Network</h2>
      <div class="networks">
        {networks.map((network) => (
          <label key={network.name} class="network">
            <input
              type="radio"
              name="network"
              checked={network.name === value}
              onChange={() => choose(network.name)}
            />
            {network.title}
          </label>
        ))}
      </div>
    </div>
  );
}

interface PartProps {
  readonly network: NetworkJson;
  readonly fields: DestinationFields;
  readonly set: (part: Partial<DestinationFields>) => void;
  readonly errors: FieldErrors;
}

/** What stands below a field. An error may say by itself where the value is found. */
const told = (error: string | undefined, help: string, more = '') => ({
  error,
  hint: [error?.includes(help) ? '' : help, more].filter((text) => text !== '').join(' '),
});

/** Where conversions go: the id, the secret, and further settings of the network. */
function Access({
  network,
  fields,
  set,
  errors: { at },
  secretSince,
}: PartProps & { readonly secretSince: string | null }) {
  const { account, secret, settings } = network;
  const setting = (field: NetworkFieldJson) => (
    <Input
      key={field.name}
      label={field.label}
      {...told(at.get(`settings.${field.name}`), field.help)}
      autocomplete="off"
      required={field.default === null}
      {...(field.default === null ? {} : { placeholder: field.default })}
      value={fields.settings[field.name] ?? ''}
      set={(value) => set({ settings: { ...fields.settings, [field.name]: value } })}
    />
  );
  const advanced = settings.filter((field) => field.default !== null);
  const isWrong = advanced.some(({ name }) => at.has(`settings.${name}`));
  return (
    <>
      <h2>{network.title}</h2>
      <Input
        label="Name"
        hint="Yours, to tell several destinations apart."
        error={at.get('name')}
        required
        maxLength={120}
        value={fields.name}
        set={(name) => set({ name })}
      />
      <Input
        label={account.label}
        {...told(at.get('account'), account.help)}
        required
        autocomplete="off"
        value={fields.account}
        set={(value) => set({ account: value })}
      />
      <Input
        label={secretSince === null ? secret.label : `Replace: ${secret.label}`}
        {...told(
          at.get('secret'),
          secret.help,
          secretSince === null
            ? 'It is stored encrypted, and never shown again.'
            : `One is stored since ${dayName(secretSince.slice(0, 10))}, and is never shown. Leave this empty to keep it.`,
        )}
        type="password"
        autocomplete="new-password"
        required={secretSince === null}
        value={fields.secret}
        set={(value) => set({ secret: value })}
      />
      {settings.filter((field) => field.default === null).map(setting)}
      {advanced.length > 0 && (
        <details open={isWrong || advanced.some(({ name }) => (fields.settings[name] ?? '') !== '')}>
          <summary>More settings: {advanced.map(({ label }) => label).join(', ')}</summary>
          <div class="inset">{advanced.map(setting)}</div>
        </details>
      )}
    </>
  );
}

/** Whether conversions count, and whether any are sent. */
function Mode({ network, fields, set, errors }: PartProps) {
  return (
    <>
      <h2>Sending</h2>
      <Choice
        label="Mode"
        hint={
          fields.mode === 'test'
            ? testMeaning(network, fields.test_code)
            : `${network.title} counts the conversions.${network.test === 'none' ? ' It has no test mode.' : ''}`
        }
        options={[['live', 'Live'], ...(network.test === 'none' ? [] : [['test', 'Test'] as const])]}
        error={errors.at.get('mode')}
        value={fields.mode}
        set={(mode) => set({ mode: mode as DestinationMode })}
      />
      {network.test === 'code' && (
        <Input
          label="Test code"
          hint={`From the page of ${network.title} on which test events appear. Test events need it.`}
          error={errors.at.get('test_code')}
          autocomplete="off"
          required={fields.mode === 'test'}
          value={fields.test_code}
          set={(test_code) => set({ test_code })}
        />
      )}
      <label class="check-box">
        <input
          type="checkbox"
          checked={fields.isOn}
          onChange={(event) => set({ isOn: event.currentTarget.checked })}
        />
        On: conversions are sent from now on
      </label>
    </>
  );
}
