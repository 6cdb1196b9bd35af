/** Links that show a pixel's statistics without an account. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from '../api.ts';
import { Form, Input, useSubmission } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { Empty, ResourceView, Snippet } from '../ui.tsx';
import { LinkItem } from './link-item.tsx';
import { endOf, LastDay, type SharedLink } from './shared-link.tsx';

export function SharedLinks({ pixel }: { readonly pixel: Pixel }) {
  const [version, setVersion] = useState(0);
  const path = `/api/v1/pixels/${pixel.id}/links`;
  const resource = useGet<{ links: SharedLink[] }>(`${path}?${version}`);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [until, setUntil] = useState('');
  const [newUrl, setNewUrl] = useState('');
  const submission = useSubmission();
  const reload = (): void => setVersion((before) => before + 1);
  const create = async (): Promise<undefined> => {
    const { url } = await call<{ url: string }>('POST', path, {
      name,
      ...(password === '' ? {} : { password }),
      expires_at: endOf(until),
    });
    setNewUrl(url);
    setName('');
    setPassword('');
    setUntil('');
    reload();
  };
  return (
    <section class="block" aria-labelledby="links">
      <h2 id="links">Shared links</h2>
      <p class="muted">
        Anyone with a link can see the statistics of this pixel, but no single events and no settings. Edit a
        link to make it a public page, to embed it, or to get a badge.
      </p>
      <ResourceView resource={resource}>
        {({ links }) =>
          links.length === 0 ? (
            <Empty title="No link yet">Create a link to share these statistics.</Empty>
          ) : (
            <ul class="items">
              {links.map((link) => (
                <LinkItem
                  key={link.id}
                  link={link}
                  site={pixel.name}
                  path={`${path}/${link.id}`}
                  onChange={reload}
                />
              ))}
            </ul>
          )
        }
      </ResourceView>
      {newUrl !== '' && (
        <Snippet title="The link" text={newUrl}>
          Copy it now. It won't be shown again.
        </Snippet>
      )}
      <Form kind="block" submission={submission} submit={create} button="Create link">
        <div class="row fill">
          <Input label="Who it is for" required maxLength={120} value={name} set={setName} />
          <Input
            label="Password"
            hint="Optional, 8 characters or more"
            type="password"
            minLength={8}
            autocomplete="new-password"
            value={password}
            set={setPassword}
          />
          <LastDay value={until} set={setUntil} />
        </div>
      </Form>
    </section>
  );
}
