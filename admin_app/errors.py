"""Pages for whatever goes wrong: plain words, the request's number, a way back, never a stack trace."""

from __future__ import annotations

from flask import Flask, g, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

from admin_app.desk import close_sessions, origin, record_denial
from admin_app.security import local_path
from admin_app.wording import say
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.roster.fault import RosterFault


def _page(code: int, title: str, explanation: str) -> Response:
    words = {"code": code, "title": title, "explanation": explanation, "back_url": _back(code)}
    close_sessions()  # what went wrong may have left one of them unusable
    try:
        body = render_template("errors/error.html", request_id=origin().request_id, **words)
    except SQLAlchemyError:  # the frame asks the database, which may be what is broken
        g.is_frameless = True
        body = render_template("errors/error.html", request_id=origin().request_id, **words)
    return Response(body, status=code, mimetype="text/html")


def _back(code: int) -> str:
    """Return the way back: to the page that was too late, so that it is seen as it stands now, else to the first."""
    came_from = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
    return (local_path(came_from) if code == 409 else None) or url_for("home.index")


def _words(code: int) -> tuple[str, str]:
    known = {
        400: (_("请求不完整"), _("请返回上一页再试一次；如果是表单，已填内容可以从草稿找回。")),
        401: (_("请先登录"), _("登录后再打开这一页。")),
        403: (_("没有权限"), _("你的岗位不能办理这一项，如确有需要请联系办公室。")),
        404: (_("没有找到"), _("这一页不存在，或不在你的范围内。")),
        405: (_("不能这样打开"), _("请从页面上的按钮操作。")),
        409: (_("内容有变化"), _("别人刚刚改过，请看最新情况再办理。")),
        413: (_("文件太大"), _("单个文件不能超过 32 MB，请压缩或分成几个文件。")),
        429: (_("操作太频繁"), _("请稍等一会儿再试。")),
        503: (_("暂时不能办理"), _("系统正在维护或存不下记录，请稍后再试。")),
    }
    return known.get(code, (_("系统出错"), _("已记录这次错误，请把下面的编号告诉管理员。")))


def bind(app: Flask) -> None:
    """Register the pages for refusals and faults."""

    @app.errorhandler(Refusal)
    def refused(fault: Refusal) -> Response:
        if isinstance(fault, Denied):
            try:
                if not g.get("denial_recorded"):
                    record_denial(fault, request.endpoint or request.path)
            except SQLAlchemyError as unwritten:
                return unavailable(unwritten)
            return _page(403, _words(403)[0], say(fault.message))
        code = 404 if isinstance(fault, Missing) else 409
        title = _words(404)[0] if code == 404 else (_words(409)[0] if isinstance(fault, Stale) else _("没有办成"))
        return _page(code, title, say(fault.message))

    @app.errorhandler(RosterFault)
    def unreadable(fault: RosterFault) -> Response:
        return _page(400, _("文件不能用"), say(fault.text))

    @app.errorhandler(CSRFError)
    def unsafe(fault: CSRFError) -> Response:
        return _page(400, _("页面已过期"), _("请刷新页面再提交；已填内容可以从草稿找回。"))

    @app.errorhandler(HTTPException)
    def http(fault: HTTPException) -> Response:
        if fault.code is None or fault.code < 400:
            return fault.get_response()
        page = _page(fault.code, *_words(fault.code))
        if isinstance(fault, MethodNotAllowed):
            page.headers["Allow"] = ", ".join(fault.valid_methods or ())
        return page

    @app.errorhandler(OperationalError)
    def unavailable(fault: SQLAlchemyError) -> Response:
        app.logger.error("request %s: the database does not answer", origin().request_id, exc_info=fault)
        return _page(503, *_words(503))

    @app.errorhandler(Exception)
    def broken(fault: Exception) -> Response:
        if app.testing and not app.config.get("SHOW_ERROR_PAGES"):
            raise fault
        app.logger.error("request %s failed", origin().request_id, exc_info=fault)
        return _page(500, *_words(500))
