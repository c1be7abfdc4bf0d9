"""Words that the search knows besides the services' own.

Only words that people really type for what an office names otherwise: a wrong pair here finds the wrong service.
"""

from __future__ import annotations

# Words on a line mean the same to somebody who looks for a service.
SYNONYMS = tuple(
    tuple(line.split())
    for line in """
复工 开工 上班 复业 开业 重新开工 恢复生产 开门
复产 恢复生产 投产
返岗 回厂 返工 回来上班 员工返回
resume resumption reopen reopening restart
备案 报备 filing
疫情 新冠 肺炎 防疫 防控 病毒 epidemic covid coronavirus
稳岗 稳就业 保岗 留工 不裁员 援企稳岗 retention
返还 退还 退钱 退费 退款 refund repayment
补贴 补助 津贴 奖补 资助 subsidy grant allowance
失业保险 失业金 社保 社会保险 unemployment
裁员 辞退 解雇 layoff dismissal
自查 自检 打卡 每日上报 健康打卡 selfcheck
上报 报告 汇报 填报 申报 report
社区 小区 居委会 村委会 街道 community neighbourhood neighborhood
网格 网格员 grid
发热 发烧 体温 发高烧 fever temperature
健康 身体状况 health
续期 延期 换证 续办 renewal
执照 营业执照 licence license
口罩 防护用品 mask masks
工厂 车间 厂房 factory plant
""".strip().splitlines()
)

# What nearly every service has to do with. It is looked for only when nothing else was typed.
_EVERYWHERE = """
企业 公司 单位 个人 服务 材料 enterprise enterprises company business service services online form
"""

# What is typed around what is meant. It is looked for only when there is nothing at all besides.
_AROUND = """
我 我们 我想 我要 我厂 我公司 你 你们 要 想 想要 需要 怎么 怎样 怎么办 怎么办理 如何 如何办理 办 办理 办事 去办 申请 申办 申请表
什么 哪里 哪儿 在哪 在哪里 可以 可 能 能不能 是 有 的 了 吗 呢 吧 请 请问 一下 去 个 和 与 及 网上 在线 手续 流程 条件
多久 多少
a an the to for of how do does i can my our we want need needs apply applying application where what is are in on at and or with
get have has if this that please
"""
EVERYWHERE, AROUND = frozenset(_EVERYWHERE.split()), frozenset(_AROUND.split())

# Traditional characters of words as they are used in offices, each followed by its simplified one.
_PAIRS = """
復复 複复 產产 業业 備备 報报 稅税 證证 証证 執执 營营 開开 關关 門门 間间 單单 國国 縣县 鄉乡 鎮镇 區区 廠厂 員员 職职 勞劳 動动 務务 無无 穩稳 崗岗 還还
補补 貼贴 貸贷 資资 費费 錢钱 財财 貿贸 購购 買买 賣卖 賬账 帳帐 險险 保保 會会 計计 設设 許许 請请 記记 認认 訂订 討讨 談谈 論论 評评 審审 議议 護护 變变
讓让 說说 話话 語语 課课 調调 誰谁 試试 該该 詳详 誤误 識识 譯译 讀读 書书 圖图 檔档 檢检 驗验 測测 體体 溫温 熱热 發发 燒烧 疫疫 醫医 藥药 療疗 衛卫 環环
節节 範范 築筑 筆笔 簽签 簡简 糧粮 級级 經经 給给 統统 結结 維维 網网 線线 組组 織织 續续 總总 績绩 編编 練练 緊紧 絡络 納纳 紙纸 約约 紅红 終终 細细 綠绿
辦办 農农 進进 過过 運运 達达 選选 遞递 遠远 適适 連连 遲迟 遷迁 邊边 郵邮 銀银 鐵铁 鋼钢 錄录 錯错 鍵键 長长 閉闭 問问 聞闻 聯联 聲声 聽听 時时 晚晚 暫暂
曆历 歷历 東东 條条 來来 權权 標标 樣样 機机 橋桥 檯台 臺台 號号 處处 場场 塊块 壞坏 壓压 備备 價价 優优 傳传 傷伤 債债 僅仅 個个 們们 倉仓 偵侦 億亿 儲储
內内 兩两 冊册 別别 則则 創创 劃划 劑剂 劇剧 勝胜 勢势 勵励 勸劝 協协 參参 雙双 後后 徵征 應应 態态 戶户 據据 擔担 擇择 換换 損损 採采 掛挂 擴扩 攜携 數数
斷断 於于 當当 異异 畢毕 療疗 盡尽 監监 礦矿 確确 碼码 離离 種种 稱称 積积 競竞 節节 類类 項项 須须 預预 領领 頁页 題题 額额 願愿 顯显 風风 飛飞 飯饭 飲饮
養养 館馆 馬马 駕驾 車车 軍军 載载 輸输 轉转 輕轻 較较 輛辆 電电 雲云 難难 靜静 響响 頭头 顧顾 麼么 點点 黨党 齊齐 齡龄 龍龙 學学 實实 寫写 寬宽 專专 導导
對对 將将 層层 屬属 歲岁 師师 幫帮 幹干 廣广 庫库 廳厅 張张 強强 彈弹 從从 術术 裝装 裏里 裡里 製制 見见 規规 視视 親亲 覺觉 觀观 觸触 質质 貨货 貧贫 責责
貴贵 賠赔 賽赛 贊赞 趕赶 跡迹 蹤踪 這这 週周 遊游 違违 鄰邻 釋释 針针 鐘钟 錶表 閱阅 隊队 階阶 際际 隨随 雜杂 雖虽 雞鸡 嚴严 園园 圍围 團团 圓圆 現现 獎奖
獨独 環环 災灾 煙烟 爭争 為为 烏乌 燈灯 狀状 獲获 滅灭 準准 減减 濟济 漢汉 滿满 潔洁 灣湾 沒没 決决 況况 淨净 氣气 殘残 歸归 歡欢 樓楼 業业 極极 構构 榮荣
"""
SIMPLIFIED = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split() if pair[0] != pair[1]})
