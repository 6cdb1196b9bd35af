/** The part of the Install view for owners who come from another tool: keep its client, and change where it sends. */
import { useState } from 'preact/hooks';
import type { PixelKey } from '../model/pixel-key.ts';
import { call, type Pixel } from './api.ts';
import { CodeBlock } from './code-block.tsx';
import { date } from './format.ts';
import { Form, Input, useSubmission } from './forms.tsx';
import { useGet } from './hooks.ts';
import { ItemList } from './item-list.tsx';
import { type ToolGuide, toolGuides } from './tools.ts';
import { Empty, ErrorMessage, ResourceView, Tabs } from './ui.tsx';
import { UnknownSites } from './unknown-sites.tsx';

/** What a tool's client calls the site of a pixel. */
interface Key {
  readonly tool: PixelKey;
  readonly name: string;
  readonly created_at: string;
}

export default function Switch({ pixel, mayAdd }: { readonly pixel: Pixel; readonly mayAdd: boolean }) {
  const site = URL.parse(pixel.url)?.host ?? '';
  const guides = toolGuides({ pixel: pixel.id, origin: location.origin, site });
  const [selected, select] = useState<PixelKey>(guides[0]?.tool ?? 'ga4');
  const guide = guides.find(({ tool }) => tool === selected);
  const [version, setVersion] = useState(0);
  const reload = (): void => setVersion((before) => before + 1);
  const path = `/api/v1/pixels/${pixel.id}/keys`;
  const resource = useGet<{ keys: Key[] }>(`${path}?${version}`);
  return (
    <section class="switch" aria-labelledby="switch">
      <h2 id="switch">Keep the client that you have</h2>
      <p class="muted">
        Speck understands the clients of other tools. Change one line, so that they send their events here.
      </p>
      {mayAdd && <UnknownSites pixel={pixel} version={version} onChange={reload} />}
      <Tabs
        label="Tool"
        tabs={guides.map(({ tool, label }) => ({ name: tool, label }))}
        selected={selected}
        select={select}
      />
      {guide && (
        <div class="show" key={guide.tool}>
          {guide.changes.map(({ title, text }) => (
            <CodeBlock key={title} title={title} text={text} />
          ))}
          {mayAdd && <NewKey guide={guide} path={path} onAdd={reload} />}
          <p class="muted">
            {guide.note} Or use <code>{pixel.id}</code> as the name of the site: then there is nothing to add.
          </p>
        </div>
      )}
      <h3>Names of this site</h3>
      <ResourceView resource={resource}>
        {({ keys }) => <Keys keys={keys} guides={guides} path={path} onRemove={reload} />}
      </ResourceView>
    </section>
  );
}

interface NewKeyProps {
  readonly guide: ToolGuide;
  readonly path: string;
  readonly onAdd: () => void;
}

function NewKey({ guide: { tool, label, nameLabel, nameHint, nameExample }, path, onAdd }: NewKeyProps) {
  const [name, setName] = useState('');
  const submission = useSubmission();
  const add = async (): Promise<string> => {
    await call('POST', path, { tool, name });
    setName('');
    onAdd();
    return `Events of ${label} for ${name.trim()} are counted here now, within half a minute.`;
  };
  return (
    <Form kind="inset" submission={submission} submit={add} button="Accept these events">
      <Input
        label={`${nameLabel} in ${label}`}
        hint={nameHint}
        required
        maxLength={100}
        placeholder={nameExample}
        autocomplete="off"
        value={name}
        set={setName}
      />
    </Form>
  );
}

interface KeysProps {
  readonly keys: readonly Key[];
  readonly guides: readonly ToolGuide[];
  readonly path: string;
  readonly onRemove: () => void;
}

function Keys({ keys, guides, path, onRemove }: KeysProps) {
  const { failure, send } = useSubmission();
  const labelOf = (tool: string): string => guides.find((guide) => guide.tool === tool)?.label ?? tool;
  const remove = async ({ tool, name }: Key): Promise<undefined> => {
    await call('DELETE', `${path}?${new URLSearchParams({ tool, name })}`);
    onRemove();
  };
  return (
    <>
      <ItemList
        items={keys}
        keyOf={({ tool, name }) => `${tool} ${name}`}
        nameOf={({ name }) => name}
        describe={({ tool, created_at }) => (
          <span class="muted">
            {labelOf(tool)} · since {date(created_at)}
          </span>
        )}
        removeLabel="Remove"
        confirmLabel={({ tool }) => `Count no more events of ${labelOf(tool)}`}
        remove={(key) => void send(() => remove(key))}
        empty={<Empty title="No names yet">Add what the other tool calls this site.</Empty>}
      />
      {failure && <ErrorMessage failure={failure} />}
    </>
  );
}
