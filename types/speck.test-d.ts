/** What speck.d.ts accepts and refuses. The compiler is the test. */

speck('track', 'Signup');
speck('track', 'Purchase', { value: 49.9, currency: 'EUR', items: [{ sku: 'x' }] }, { eventID: 'A-17' });
const id: string | undefined = speck('track', 'Lead');
window.fbq?.('track', 'Lead', {}, id ? { eventID: id } : {});
window.speck('track', 'pageview', {}, { url: 'https://site.example/virtual' });
speck('identify', 'user-1', { email: 'ann@site.example', phone: '+44 20 7946 0000', external_id: 7 });
speck('identify', null);
speck('consent', 'granted');
speck('optout');
window.fbq?.('init', 'px_123', { em: 'ann@site.example' });
window.fbq?.('track', 'Purchase', { value: 1, currency: 'EUR', content_ids: ['x'] }, { eventID: 'A-17' });
window.fbq?.('trackSingle', 'px_123', 'Lead');
window.fbq?.('consent', 'revoke');

// @ts-expect-error: a name is missing
speck('track');
// @ts-expect-error: no such command
speck('trak', 'Signup');
// @ts-expect-error: a currency is a text
speck('track', 'Purchase', { currency: 978 });
// @ts-expect-error: no such choice
speck('consent', 'yes');
// @ts-expect-error: not eventId
speck('track', 'Purchase', {}, { eventId: 'A-17' });
// @ts-expect-error: there may be no id
speck('track', 'Lead') satisfies string;
// @ts-expect-error: an address, not a list of them
speck('identify', 'user-1', { email: ['ann@site.example'] });
// @ts-expect-error: Meta's words
window.fbq?.('consent', 'granted');
