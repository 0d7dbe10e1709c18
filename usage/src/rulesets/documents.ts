import cnMoe2000First from './cn-moe-2000-1.json' with { type: 'json' }
import cnMoe2000 from './cn-moe-2000.json' with { type: 'json' }
import cnNational2026 from './cn-national-2026.json' with { type: 'json' }
import cnPurchaseCheck1 from './cn-purchase-check-2019-1.json' with { type: 'json' }
import cnPurchaseCheck from './cn-purchase-check.json' with { type: 'json' }
import defaultRules from './default.json' with { type: 'json' }
import euTna1 from './eu-tna-1.json' with { type: 'json' }
import euTna from './eu-tna.json' with { type: 'json' }
import gd2023First from './gd-2023-1.json' with { type: 'json' }
import gd2023 from './gd-2023.json' with { type: 'json' }
import univSheet from './univ-sheet.json' with { type: 'json' }
import zj2021 from './zj-2021.json' with { type: 'json' }

/**
 * Rule sets that come with the system, as data that `readRuleSet` reads; a facility's own stand beside them. A version that was
 * handed out is never changed and stays: reports that name it are checked against it. Of one date the later stands.
 */
export const ruleSetDocuments: readonly unknown[] = [
  cnNational2026,
  cnMoe2000First,
  cnMoe2000,
  cnPurchaseCheck1,
  cnPurchaseCheck,
  gd2023First,
  gd2023,
  zj2021,
  univSheet,
  euTna1,
  euTna,
  // Last: it assesses nothing, and lists offer what does first.
  defaultRules,
]
