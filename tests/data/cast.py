"""The invented enterprise, its people and its answers to the form: 演示数据, nobody real.

Every code is valid (USCC, resident ID, mobile, region) so that the running code accepts it. The mobiles
lie in the 0000 block of their carrier segment, so that they are unlikely to be anybody's.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

MARK = "演示数据"
REGION = "360924"
REGION_NAME = "江西省宜春市宜丰县"
INDUSTRY = "C20"  # 木材加工和木、竹、藤、棕、草制品业

ENTERPRISE_NAME = "宜丰县青竹制品有限公司"
USCC = "91360924MAYDEMQ29G"
REGISTERED_ADDRESS = "江西省宜春市宜丰县工业园区演示路18号"
PRODUCTION_ADDRESS = "江西省宜春市宜丰县工业园区演示路18号2号厂房"
ENTERPRISE_SIZE = "small"

# Born before 宜丰 became 360924 (2000), so the number begins with the county's code of that time, 362229.
LEGAL_NAME = "江立川"
LEGAL_ID_NUMBER = "362229197806150016"
LEGAL_MOBILE = "13800000618"

EPIDEMIC_LEAD_NAME = "余小禾"
EPIDEMIC_LEAD_ID_NUMBER = "362229198503120025"
EPIDEMIC_LEAD_MOBILE = "13900000312"

# The person who files for the enterprise (经办人).
AGENT_NAME = "卢晓青"
AGENT_ID_NUMBER = "36222919910927002X"
AGENT_MOBILE = "15800000927"
AGENT_EMAIL = "owner@qingzhu.example"

# Another enterprise, of an outsider who must never see the first one's applications.
OTHER_ENTERPRISE_NAME = "高安市云岭陶艺有限公司"
OTHER_USCC = "91360983MAYDEMW27F"
OTHER_REGION = "360983"
OTHER_ADDRESS = "江西省宜春市高安市陶瓷产业基地演示大道6号"
OTHER_INDUSTRY = "C30"
OTHER_LEGAL_NAME = "邱远山"
OTHER_LEGAL_ID_NUMBER = "362202198211080017"
OTHER_LEGAL_MOBILE = "13700001108"
OTHER_AGENT_EMAIL = "outsider@yunling.example"

ENTERPRISE: dict[str, str] = {
    "name": ENTERPRISE_NAME,
    "uscc": USCC,
    "registered_address": REGISTERED_ADDRESS,
    "production_address": PRODUCTION_ADDRESS,
    "region": REGION,
    "industry": INDUSTRY,
    "size": ENTERPRISE_SIZE,
    "legal_name": LEGAL_NAME,
    "legal_id_number": LEGAL_ID_NUMBER,
    "legal_mobile": LEGAL_MOBILE,
}
OTHER_ENTERPRISE: dict[str, str] = {
    "name": OTHER_ENTERPRISE_NAME,
    "uscc": OTHER_USCC,
    "registered_address": OTHER_ADDRESS,
    "production_address": OTHER_ADDRESS,
    "region": OTHER_REGION,
    "industry": OTHER_INDUSTRY,
    "size": "micro",
    "legal_name": OTHER_LEGAL_NAME,
    "legal_id_number": OTHER_LEGAL_ID_NUMBER,
    "legal_mobile": OTHER_LEGAL_MOBILE,
}


def answers(today: date | None = None) -> dict[str, Any]:
    """The form's answers in DOMAIN.md's order; dates counted from `today` (the real one unless told)."""
    today = today or date.today()
    return {
        "enterprise_name": ENTERPRISE_NAME,
        "uscc": USCC,
        "registered_address": REGISTERED_ADDRESS,
        "production_address": PRODUCTION_ADDRESS,
        "region": REGION,
        "industry": INDUSTRY,
        "enterprise_size": ENTERPRISE_SIZE,
        "legal_name": LEGAL_NAME,
        "legal_id_number": LEGAL_ID_NUMBER,
        "legal_mobile": LEGAL_MOBILE,
        "epidemic_lead_name": EPIDEMIC_LEAD_NAME,
        "epidemic_lead_mobile": EPIDEMIC_LEAD_MOBILE,
        "headcount": 150,
        "first_batch": 120,
        "origin_local": 84,
        "origin_province": 24,
        "origin_other": 10,
        "origin_key_area": 2,
        "quarantine_place": "厂区东侧独立宿舍楼一层101、102室（单人单间）",
        "quarantine_end": (today + timedelta(days=4)).isoformat(),
        "resumption_date": (today + timedelta(days=5)).isoformat(),
        "shift_arrangement": (
            "两班制：早班 7:30–15:30，晚班 15:30–23:30，每班 60 人；班次间隔 30 分钟，"
            "交接班时对车间通风并消毒；工位间距 1.5 米以上，办公人员分批到岗。"
        ),
        "canteen_used": "yes",
        "canteen_arrangement": "分三批错峰取餐，自带餐具，隔位单向就座；餐后即消毒，每日两次留样登记。",
        "masks": 2000,
        "mask_days": 8,
        "thermometers": 6,
        "disinfectant_litres": "120",
        "quarantine_room": "yes",
        "quarantine_agreed_place": "",
        "pledge": "yes",
    }


ANSWERS: dict[str, Any] = answers()
