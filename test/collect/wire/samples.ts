/**
 * Requests of real clients, by tool: what the fuzzing tests mutate. Each path of a format is in one of them. Add the requests that a
 * new format's client sends, and what is special about it: packed bodies, base64, secrets.
 */
import LZString from 'lz-string';
import type { PixelKey } from '../../../src/model/pixel-key.ts';
import type { Sample } from '../../fuzz.ts';

const FROM_PAGE = { origin: 'https://site.example', referer: 'https://site.example/' };
const AS_JSON = { 'content-type': 'application/json' };
const WITH_TOKEN = { authorization: 'Bearer TOKEN' };

const plausible: readonly Sample[] = [
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain' },
    body: '{"n":"pageview","v":36,"u":"https://site.example/p?utm_source=nl","d":"PIXEL","r":"https://google.com/"}',
  },
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain' },
    body: '{"n":"Signup","v":36,"u":"https://site.example/#/p","d":"PIXEL,site.example","r":null,"p":{"plan":"pro","a":{"b":[1]}},"$":{"amount":9.5,"currency":"USD"},"h":1,"i":false}',
  },
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain' },
    body: '{"n":"engagement","sd":60,"d":"PIXEL","u":"https://site.example/p","p":{},"e":3608,"v":36}',
  },
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...AS_JSON, ...WITH_TOKEN, 'x-forwarded-for': '192.0.2.7, 198.51.100.1' },
    body: '{"name":"404","url":"app://localhost/p","domain":"PIXEL","referrer":"","meta":"{\\"path\\":\\"/x\\"}","revenue":"{\\"amount\\":\\"9.5\\",\\"currency\\":\\"EUR\\"}"}',
  },
];

const ga4: readonly Sample[] = [
  {
    method: 'GET',
    path: '/g/collect',
    headers: FROM_PAGE,
    query:
      'v=2&tid=PIXEL&gtm=45je4bk0v9&_p=1764&gcs=G111&gcd=13t3t3t3t5l1&npa=0&dma=0&cid=1234.5678&ul=en-us&sr=1x1&_s=1&sid=1&sct=1&seg=0&dl=https%3A%2F%2Fsite.example%2Fp%3Futm_source%3Dnl&dr=https%3A%2F%2Fgoogle.com%2F&dt=T&en=page_view&_fv=1&_ss=1&ep.section=a&epn.n=2&up.plan=pro&_et=12',
  },
  {
    method: 'POST',
    path: '/g/collect',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain;charset=UTF-8' },
    query: 'v=2&tid=PIXEL&cid=1.2&uid=u1&sid=3&dl=https%3A%2F%2Fsite.example%2Fp&cu=EUR&_s=2',
    body: 'en=purchase&pr1=idS1~nmShoe~pr9.5~qt2~brX~k0a~v0b&ep.transaction_id=T1&epn.value=19\r\nen=scroll&epn.percent_scrolled=90&_et=500\r\nen=user_engagement&_et=2000',
  },
  {
    method: 'POST',
    path: '/mp/collect',
    headers: AS_JSON,
    query: 'measurement_id=PIXEL&api_secret=TOKEN',
    body: '{"client_id":"1.2","user_id":"u1","timestamp_micros":"1764000000000000","ip_override":"192.0.2.1","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0","user_location":{"country_id":"DE"},"device":{"language":"de"},"user_properties":{"plan":{"value":"pro"}},"events":[{"name":"purchase","params":{"transaction_id":"T1","value":19,"currency":"EUR","items":[{"item_id":"S1","price":9.5}],"page_location":"https://site.example/p"}},{"name":"user_engagement","timestamp_micros":1764000000000000,"params":{"engagement_time_msec":100}}]}',
  },
  {
    method: 'POST',
    path: '/debug/mp/collect',
    headers: AS_JSON,
    query: 'measurement_id=PIXEL&api_secret=x',
    body: '{"client_id":"1.2","events":[{"name":"","params":{}},7]}',
  },
];

const MATOMO_QUERY =
  'action_name=T&idsite=PIXEL&rec=1&r=1&h=1&m=2&s=3&url=https%3A%2F%2Fsite.example%2Fp%3Fmtm_campaign%3Dc%23mtm_kwd%3Dk&urlref=https%3A%2F%2Fgoogle.com%2F&uid=u1&_id=aaaabbbbccccdddd&send_image=0&dimension1=a&cvar=%7B%221%22%3A%5B%22a%22%2C%22b%22%5D%7D&data=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D&consent=1';
const MATOMO_ORDER =
  'idgoal=0&ec_id=A1&revenue=12.5&ec_st=10&ec_items=%5B%5B%22sku%22%2C%22Shoe%22%2C%5B%22a%22%5D%2C5%2C2%5D%5D&idsite=PIXEL&rec=1&url=https%3A%2F%2Fsite.example%2Fp';

const matomo: readonly Sample[] = [
  '/matomo.php',
  '/piwik.php',
  '/matomo/matomo.php',
  '/matomo/piwik.php',
  '/piwik/matomo.php',
  '/piwik/piwik.php',
].flatMap((path): readonly Sample[] => [
  { method: 'GET', path, headers: FROM_PAGE, query: MATOMO_QUERY },
  {
    method: 'POST',
    path,
    headers: { ...FROM_PAGE, 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
    body: MATOMO_ORDER,
  },
  {
    method: 'POST',
    path,
    headers: AS_JSON,
    body: `{"requests":["?${MATOMO_ORDER}&cdt=1764000000&cip=192.0.2.1&token_auth=TOKEN",{"idsite":"PIXEL","rec":1,"e_c":"a","e_a":"b","e_n":"c","e_v":1.5,"url":"https://site.example/p"}],"token_auth":"TOKEN","send_image":0}`,
  },
]);

const SNOWPLOW_QUERY =
  'e=se&se_ca=c&se_ac=a&se_la=l&se_pr=p&se_va=3&p=web&tv=js-4.6.0&tna=sp&aid=PIXEL&url=https%3A%2F%2Fsite.example%2Fp&refr=https%3A%2F%2Fgoogle.com%2F&duid=d1&eid=96e12ad7-857a-473e-8cf5-a801d0d752c0&dtm=1764000000000&cx=eyJzY2hlbWEiOiJpZ2x1OmEvY29udGV4dHMvanNvbnNjaGVtYS8xLTAtMCIsImRhdGEiOlt7InNjaGVtYSI6ImlnbHU6Y29tLmFjbWUvdXNlci9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6eyJwbGFuIjoicHJvIn19XX0';
const SNOWPLOW_BATCH =
  '{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"ue","ue_pr":"{\\"schema\\":\\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\\",\\"data\\":{\\"schema\\":\\"iglu:com.acme/signup/jsonschema/1-0-0\\",\\"data\\":{\\"plan\\":\\"pro\\"}}}","p":"srv","tv":"node-4.8.0","aid":"PIXEL","uid":"u1","dtm":"1764000000000","stm":"1764000000001","ip":"192.0.2.1","ua":"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"},{"e":"pp","pp_may":"500","vp":"800x600","ds":"800x2000","aid":"PIXEL","url":"https://site.example/p"},{"e":"tr","tr_id":"T1","tr_tt":"9.5","tr_cu":"EUR","aid":"PIXEL"},{"e":"ti","ti_id":"T1","ti_sk":"S","ti_pr":"9.5","ti_qu":"1","aid":"PIXEL"}]}';

const snowplow: readonly Sample[] = [
  { method: 'GET', path: '/i', headers: FROM_PAGE, query: SNOWPLOW_QUERY },
  { method: 'GET', path: '/com.snowplowanalytics.snowplow/tp2', headers: FROM_PAGE, query: SNOWPLOW_QUERY },
  {
    method: 'POST',
    path: '/com.snowplowanalytics.snowplow/tp2',
    headers: { ...FROM_PAGE, ...AS_JSON, 'sp-anonymous': '*' },
    body: SNOWPLOW_BATCH,
  },
  {
    method: 'POST',
    path: '/com.snowplowanalytics.snowplow/tp2',
    headers: { ...AS_JSON, ...WITH_TOKEN },
    body: SNOWPLOW_BATCH,
  },
  {
    method: 'GET',
    path: '/com.snowplowanalytics.iglu/v1',
    query: 'schema=iglu%3Acom.acme%2Fcampaign%2Fjsonschema%2F1-0-0&aid=PIXEL&p=srv&name=x&user=7',
  },
  {
    method: 'POST',
    path: '/com.snowplowanalytics.iglu/v1',
    headers: AS_JSON,
    query: 'aid=PIXEL',
    body: '{"schema":"iglu:com.acme/campaign/jsonschema/1-0-0","data":{"name":"x","a":{"b":[1]}}}',
  },
];

/** A message in base64, as images have it. */
const base64 = (text: string): string => encodeURIComponent(btoa(text));

const POSTHOG_EVENT =
  '{"uuid":"01a22900-0c29-79ec-8dea-f1039cf31464","event":"$pageview","properties":{"$current_url":"https://site.example/p?utm_source=nl","$lib":"web","$lib_version":"1.449.2","distinct_id":"01a22900-0c1e-729d-948b-9235be0254c0","$device_id":"01a22900-0c1e-729d-948b-9235be0254c0","$session_entry_referrer":"https://google.com/","$prev_pageview_pathname":"/before","$prev_pageview_duration":3.25,"$prev_pageview_max_content_percentage":0.6,"title":"T","utm_source":"nl","$is_identified":false},"timestamp":"2026-11-24T06:00:44.670Z"}';
const POSTHOG_BATCH = `{"api_key":"PIXEL","batch":[${POSTHOG_EVENT}],"sent_at":"2026-11-24T06:00:44.674Z"}`;

const posthog: readonly Sample[] = [
  {
    method: 'POST',
    path: '/e',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain' },
    body: POSTHOG_BATCH,
  },
  {
    method: 'POST',
    path: '/i/v0/e',
    query: 'compression=base64&beacon=1',
    headers: FROM_PAGE,
    body: `data=${base64(POSTHOG_BATCH.replace('$pageview', '$pageleave'))}`,
  },
  {
    method: 'POST',
    path: '/capture',
    headers: AS_JSON,
    body: '{"token":"PIXEL","event":"Order Completed","distinct_id":"u1","offset":1500,"properties":{"$current_url":"/cart","$ip":"192.0.2.7","$raw_user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0","utm_medium":"mail","revenue":9.5,"currency":"EUR","nested":{"a":[1,2]}}}',
  },
  {
    method: 'POST',
    path: '/batch',
    headers: { ...AS_JSON, ...WITH_TOKEN, 'user-agent': 'posthog-node/5.70.0' },
    body: '{"api_key":"PIXEL","batch":[{"event":"$identify","distinct_id":"u1","properties":{"$set":{"plan":"pro"},"$anon_distinct_id":"a1"},"timestamp":"2026-11-24T06:00:44.670Z"},{"event":"$exception","distinct_id":"u1","properties":{"$exception_list":[{"type":"TypeError","value":"x"}]}}],"sent_at":"2026-11-24T06:00:44.674Z"}',
  },
  {
    method: 'POST',
    path: '/track',
    headers: FROM_PAGE,
    body: `data=${base64(`[${POSTHOG_EVENT.replace('"$lib"', '"token":"PIXEL","$lib"')}]`)}`,
  },
  {
    method: 'POST',
    path: '/engage',
    headers: FROM_PAGE,
    body: '[{"$token":"PIXEL","$distinct_id":"u1","$set":{"plan":"pro"}}]',
  },
  {
    method: 'POST',
    path: '/s',
    headers: FROM_PAGE,
    body: '[{"event":"$snapshot","properties":{"$snapshot_data":[]}}]',
  },
  {
    method: 'POST',
    path: '/flags',
    query: 'v=2',
    headers: FROM_PAGE,
    body: '{"token":"PIXEL","distinct_id":"u1"}',
  },
  {
    method: 'POST',
    path: '/decide',
    query: 'v=3',
    headers: FROM_PAGE,
    body: `data=${base64('{"token":"PIXEL"}')}`,
  },
  { method: 'GET', path: '/array/PIXEL/config.js', headers: FROM_PAGE },
  {
    method: 'POST',
    path: '/e',
    headers: FROM_PAGE,
    body: `data=${encodeURIComponent(LZString.compressToBase64(`[${POSTHOG_EVENT}]`))}&compression=lz64`,
    query: 'token=PIXEL',
  },
];

const SEGMENT_CONTEXT =
  '"context":{"page":{"path":"/s","referrer":"https://google.com/","search":"?x=1","title":"T","url":"https://site.example/s?x=1"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0","locale":"en-US","ip":"192.0.2.7","library":{"name":"analytics.js","version":"npm:next-1.84.3"},"campaign":{"source":"nl","name":"spring"},"consent":{"categoryPreferences":{"Analytics":true,"Ads":false}},"consentManagement":{"deniedConsentIds":["C0004"]}}';
const segmentMessage = (fields: string): string =>
  `{"timestamp":"2026-11-24T06:00:44.670Z","sentAt":"2026-11-24T06:00:44.674Z","messageId":"ajs-next-1","anonymousId":"a1","userId":"u1","writeKey":"PIXEL",${fields},${SEGMENT_CONTEXT}}`;
const SEGMENT_CALLS: Readonly<Record<string, string>> = {
  track:
    '"event":"Order Completed","properties":{"revenue":"9.50","currency":"EUR","order_id":"o-1","products":[{"sku":"s"}],"nested":{"a":{"b":1}}}',
  page: '"name":"Home","category":"Docs","properties":{"url":"https://site.example/","path":"/","plan":"pro"}',
  screen: '"name":"Start","properties":{}',
  identify: '"traits":{"plan":"pro"}',
  group: '"groupId":"g1"',
  alias: '"previousId":"a1"',
};
const SEGMENT_BATCH = `{"writeKey":"PIXEL","sentAt":"2026-11-24T06:00:44.674Z","batch":[${Object.entries(
  SEGMENT_CALLS,
)
  .map(([type, fields]) => segmentMessage(`"type":"${type}",${fields}`))
  .join(',')}]}`;

const segment: readonly Sample[] = [
  ...Object.entries(SEGMENT_CALLS).flatMap(([call, fields]) =>
    [call, call.slice(0, 1)].map(
      (name): Sample => ({
        method: 'POST',
        path: `/v1/${name}`,
        headers: { ...FROM_PAGE, 'content-type': 'text/plain', authorization: `Basic ${btoa('PIXEL:')}` },
        body: segmentMessage(fields),
      }),
    ),
  ),
  ...['/v1/batch', '/v1/import', '/v1/b', '/beacon/v1/batch'].map(
    (path): Sample => ({
      method: 'POST',
      path,
      query: 'writeKey=PIXEL',
      headers: {
        ...AS_JSON,
        ...(path === '/v1/import' ? WITH_TOKEN : {}),
        'user-agent': 'analytics-node-next/latest',
      },
      body: SEGMENT_BATCH,
    }),
  ),
  {
    method: 'POST',
    path: '/v1/m',
    headers: FROM_PAGE,
    body: '{"series":[{"type":"Counter","metric":"analytics_js.invoke"}]}',
  },
  { method: 'GET', path: '/v1/projects/PIXEL/settings', headers: FROM_PAGE },
  {
    method: 'GET',
    path: '/v1/pixel/track',
    query: `data=${base64(segmentMessage(SEGMENT_CALLS['track'] ?? ''))}`,
  },
  {
    method: 'GET',
    path: '/pixel/v1/page',
    query:
      'writeKey=PIXEL&anonymousId=a1&context.locale=en-US&context.page.url=https%3A%2F%2Fsite.example%2Fp&name=Home&properties.plan=pro',
  },
];

const umami: readonly Sample[] = [
  {
    method: 'POST',
    path: '/api/send',
    headers: { ...FROM_PAGE, ...AS_JSON, 'x-umami-cache': 'speck' },
    body: '{"type":"event","payload":{"website":"PIXEL","screen":"1920x1080","language":"en-US","title":"T","hostname":"site.example","url":"https://site.example/p?utm_source=nl&gclid=x","referrer":"https://google.com/"}}',
  },
  {
    method: 'POST',
    path: '/api/send',
    headers: { ...FROM_PAGE, ...AS_JSON },
    body: '{"type":"event","payload":{"website":"PIXEL","hostname":"site.example","url":"/p","referrer":"/q","name":"order","tag":"b","id":"user-1","data":{"revenue":19.5,"currency":"EUR","plan":"pro","items":[{"a":1}],"a":{"b":{"c":null}}}}}',
  },
  {
    method: 'POST',
    path: '/api/send',
    headers: { ...AS_JSON, ...WITH_TOKEN, 'user-agent': 'Mozilla/5.0 Umami/v24.0.0' },
    body: '{"type":"identify","payload":{"website":"PIXEL","id":"user-1","ip":"192.0.2.7","userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0","timestamp":1795500000,"language":"de","data":{"plan":"pro"}}}',
  },
  {
    method: 'POST',
    path: '/api/batch',
    headers: AS_JSON,
    body: '[{"type":"event","payload":{"website":"PIXEL","url":"/a"}},{"type":"performance","payload":{"website":"PIXEL","url":"/a","lcp":1200}},{"type":"other"}]',
  },
  { method: 'GET', path: '/p/PIXEL', query: 'utm_source=mail' },
];

const goatcounter: readonly Sample[] = [
  {
    method: 'POST',
    path: '/count/PIXEL',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain;charset=UTF-8' },
    query:
      'p=%2Fp%3Futm_source%3Dnl&r=https%3A%2F%2Fgoogle.com%2F&t=T&s=1920&b=0&q=%3Futm_source%3Dnl&rnd=8ytyu',
  },
  {
    method: 'POST',
    path: '/count',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain;charset=UTF-8' },
    query: 'p=click-x&r=newsletter&t=X&e=true&s=1920&b=0&q=%3Futm_source%3Dnl&rnd=sj2po',
  },
  {
    method: 'GET',
    path: '/count',
    headers: { referer: 'https://site.example/' },
    query: 'p=%2F&r=&s=1920&b=153&rnd=1',
  },
  { method: 'GET', path: '/count/PIXEL', headers: { referer: 'https://site.example/' }, query: 'p=x&e=1' },
  {
    method: 'POST',
    path: '/api/v0/count',
    headers: { ...AS_JSON, ...WITH_TOKEN },
    body: '{"no_sessions":false,"filter":[],"hits":[{"path":"/p","title":"T","ref":"https://google.com/","query":"utm_source=nl","size":"1920,1080,1","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0","ip":"192.0.2.7","location":"NL","language":"nl","created_at":"2026-11-24T09:00:00Z"},{"path":"signup","event":true,"session":"s-1","bot":0,"created_at":"0001-01-01T00:00:00Z"},{"path":"/x"}]}',
  },
];

const counterscale: readonly Sample[] = [
  {
    method: 'GET',
    path: '/collect',
    headers: FROM_PAGE,
    query:
      'p=%2Fp&h=https%3A%2F%2Fsite.example&r=https%3A%2F%2Fgoogle.com%2F&sid=PIXEL&ht=1&us=nl&um=mail&uc=c&ut=t&uco=d',
  },
  {
    method: 'GET',
    path: '/collect',
    headers: { 'user-agent': 'Counterscale-Tracker-Server/3.2.0', 'content-type': 'text/plain' },
    query: 'p=%2F&h=site.example&r=hn&sid=PIXEL&ht=3',
  },
  {
    method: 'GET',
    path: '/cache',
    headers: { ...FROM_PAGE, 'if-modified-since': 'Tue, 24 Nov 2026 00:00:02 GMT' },
    query: 'sid=PIXEL',
  },
];

const META_FIELDS =
  'id=PIXEL&ev=Purchase&dl=https%3A%2F%2Fsite.example%2Fp%3Ffbclid%3Dx&rl=https%3A%2F%2Fgoogle.com%2F&if=false&ts=1782748870896&cd%5Bvalue%5D=9.5&cd%5Bcurrency%5D=EUR&cd%5Bcontents%5D=%5B%7B%22id%22%3A%22s%22%2C%22quantity%22%3A1%7D%5D&udff%5Bem%5D=369c34cc4d37efef17780dc262a53e80ab7cb1c051a17ed889d711d5f94f78f3&sw=1920&sh=1080&v=2.9.345&r=stable&ec=2&o=4126&fbp=fb.1.1778869247376.52390506499288804&it=1782748870896&coo=false&eid=e-1&tm=1&rqm=GET';

const meta: readonly Sample[] = [
  { method: 'GET', path: '/tr/', headers: FROM_PAGE, query: META_FIELDS },
  {
    method: 'POST',
    path: '/tr/',
    headers: FROM_PAGE,
    body: META_FIELDS.replace('rqm=GET', 'dpo=LDU&rqm=formPOST'),
  },
  {
    method: 'POST',
    path: '/tr/',
    headers: { ...FROM_PAGE, 'content-type': 'multipart/form-data; boundary=----B' },
    body: [...new URLSearchParams(META_FIELDS)]
      .map(([name, value]) => `------B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join('')
      .concat('------B--\r\n'),
  },
  {
    method: 'POST',
    path: '/tr/',
    headers: { ...FROM_PAGE, ...AS_JSON },
    body: '[{"id":"PIXEL","ev":"Lead","dl":"https://site.example/p","cd":{"value":1,"currency":"EUR"},"ud":{"em":"369c34cc4d37efef17780dc262a53e80ab7cb1c051a17ed889d711d5f94f78f3"},"fbp":"fb.1.2.3","dpo":["LDU"],"es":"automatic"}]',
  },
];

const openai: readonly Sample[] = [
  {
    method: 'GET',
    path: '/v1/sdk/events',
    headers: FROM_PAGE,
    query:
      'pid=PIXEL&event=order_created&event_id=evt_01&oppref=x&data[type]=contents&data[amount]=2599&data[currency]=USD&data[contents]=%5B%7B%22id%22%3A%22s%22%7D%5D',
  },
  {
    method: 'GET',
    path: '/v1/sdk/events',
    query: 'pid=PIXEL&event=custom&custom_event_name=quote_requested&data[type]=custom&data[plan_id]=pro',
  },
];

const linkedin: readonly Sample[] = [
  { method: 'GET', path: '/collect', headers: FROM_PAGE, query: 'pid=PIXEL&fmt=gif' },
  { method: 'GET', path: '/collect', headers: FROM_PAGE, query: 'pid=PIXEL&conversionId=1106164&fmt=gif' },
];

/** Absent only while a tool has no format. */
export const SAMPLES: Readonly<Partial<Record<PixelKey, readonly Sample[]>>> = {
  counterscale,
  ga4,
  goatcounter,
  linkedin,
  matomo,
  meta,
  openai,
  plausible,
  posthog,
  segment,
  snowplow,
  umami,
};
