"""The topics of help: what each is called, and the words by which it is found. The texts: templates/help/<language>/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Topic:
    slug: str
    title: Any
    summary: Any
    words: str  # in both languages, whatever is spoken

    @property
    def url(self) -> str:
        return reverse("help_topic", args=[self.slug])


TOPICS = (
    Topic("filing", _("How to file"), _("From finding the service to the result, in five steps"),
          "file apply start withdraw free fee result 办理 申报 申请 流程 怎么办 撤回 收费 结果"),
    Topic("documents", _("Documents and photos"), _("Formats, photos that can be read, what to do when a file is refused"),
          "document photo upload format pdf heic size roster template refused 材料 照片 拍照 上传 格式 名单 模板 拒收 容缺 承诺"),
    Topic("time", _("Time limits and what they mean"), _("Promised and statutory time, working time, when the clock stands still"),
          "time limit deadline working day promise late overdue 时限 期限 多久 几天 工作日 承诺 超时 停表"),
    Topic("corrections", _("Corrections and objections"), _("One notice of everything, how to answer it, and what if you don't agree"),
          "correction correct wrong refused reject objection appeal 补正 修改 不予 驳回 异议 复议 申诉"),
    Topic("connection", _("If the connection breaks"), _("What you typed and uploaded is not lost"),
          "connection offline network lost save session 断网 网络 丢失 保存 掉线 登录过期"),
    Topic("agents", _("Acting for an enterprise"), _("Owners, agents, authorisations and their end"),
          "agent owner enterprise authorise authorisation invite access expire 企业 授权 经办 代办 负责人 邀请 到期"),
    Topic("privacy", _("Who sees your data"), _("Who can look, how it is kept, and your rights"),
          "privacy data personal delete export cookie 隐私 个人信息 数据 谁能看 注销 导出 删除"),
    Topic("accessibility", _("Accessibility"), _("What works with keyboard and screen reader, and what is lacking"),
          "accessibility screen reader keyboard blind contrast 无障碍 读屏 键盘 视障 放大"),
    Topic("contact", _("Contact"), _("Whom to ask, and what to have at hand"),
          "contact phone telephone hotline help office email 联系 电话 热线 咨询 投诉 部门 邮箱"),
)  # fmt: skip


def topic(slug: str) -> Topic | None:
    return next((each for each in TOPICS if each.slug == slug), None)


def found(query: str) -> list[Topic]:
    """Topics for what somebody typed into the search: a word of theirs within a title or among a topic's words, or in it."""
    asked = query.casefold().strip()
    if len(asked) < 2:
        return []
    return [each for each in TOPICS if _fits(asked, each)][:3]


def _fits(asked: str, each: Topic) -> bool:
    words = each.words.split()
    parts = asked.split()
    said = str(each.title).casefold()
    return asked in said or any(
        part == word or (not word.isascii() and (word in part or part in word)) for part in parts for word in words
    )
