/** Only a failing test waits for so long; a machine under load is slow. */

import { configure } from "@testing-library/preact";

configure({ asyncUtilTimeout: 20_000 });
