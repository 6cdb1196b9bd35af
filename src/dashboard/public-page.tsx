/** The page of a public link, also in another site's frame. It needs no session, and stores nothing in the browser. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { onSessionEnd, request, type Session } from './api.ts';
import { useResource } from './hooks.ts';
import { isEmbedded } from './public.ts';
import { SimplePage, Unreachable } from './simple-page.tsx';
import { Stats } from './stats.tsx';
import { sharedSubject } from './subject.ts';
import { ErrorMessage, Heading, Loading } from './ui.tsx';

export default function PublicPage() {
  const { data, failure, retry } = useResource<Session>('public page', async (signal) => {
    const response = await request('GET', '/api/v1/session', undefined, { signal, quiet: true });
    return (await response.json()) as Session;
  });
  const subject = data && sharedSubject(data);
  useEffect(() => onSessionEnd(retry), [retry]);
  if (failure && !failure.isTemporary) {
    return (
      <Page>
        <Heading>{failure.reason === 'wrong_link' ? 'Not public' : 'Statistics'}</Heading>
        <ErrorMessage failure={failure} retry={retry} />
      </Page>
    );
  }
  if (subject) {
    return (
      <Page wide>
        <Stats subject={subject} />
      </Page>
    );
  }
  return <Page>{failure ? <Unreachable failure={failure} retry={retry} /> : <Loading />}</Page>;
}

function Page(props: { readonly wide?: boolean; readonly children: ComponentChildren }) {
  if (!isEmbedded) return <SimplePage {...props} />;
  return (
    <main class={props.wide ? 'embedded' : 'bare'} id="main">
      {props.children}
      <p class="muted">
        <a href={location.pathname} target="_blank" rel="noopener">
          Open in a new tab
        </a>
      </p>
    </main>
  );
}
