/** What a statistics page loads once its first view has been painted, in one file. */
export { Badge } from './badge.tsx';
export { NoData } from './no-data.tsx';
export { FunnelPanel } from './panels/funnel.tsx';
export { PeoplePanel } from './panels/people.tsx';
export { PlacesPanel } from './panels/places.tsx';
export { PropertyPanel } from './panels/properties.tsx';
