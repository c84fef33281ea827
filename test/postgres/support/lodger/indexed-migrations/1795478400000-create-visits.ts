export { CreateVisits1795478400000 } from '../migrations/1795478400000-create-visits.js';
